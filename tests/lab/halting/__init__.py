"""The lab's handlers with places where they stop and wait to be killed."""

"""The networks that draw and judge images, each built by name from its header."""

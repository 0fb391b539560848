"""Commands of the sets room."""

"""Template tags of the sets room."""

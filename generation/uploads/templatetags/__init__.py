"""Tags of the uploads room."""

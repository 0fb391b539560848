"""Uploads: the one resumable way by which files come in."""

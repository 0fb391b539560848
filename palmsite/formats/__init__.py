"""Dates and numbers as this site writes them."""

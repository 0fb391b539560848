"""Kinds of jobs that behave badly on purpose, and a table of what each of them did."""

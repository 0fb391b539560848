"""Measures of a set of images on features: pure numbers, no files, no rows, no words for people."""

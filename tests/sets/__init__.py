"""Tests of the sets room."""

"""Tests of mlcore."""

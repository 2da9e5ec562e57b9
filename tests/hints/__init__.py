"""Hints below errors: each known mistake has its line, and everything else has none."""

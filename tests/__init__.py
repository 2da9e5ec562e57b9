"""The tests, one directory for each part of the tree."""

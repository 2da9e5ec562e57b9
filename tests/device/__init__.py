"""Cells on a device: the page, the conversation with it, and the notebook, against a real server process."""

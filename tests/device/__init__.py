"""Cells on a device: the page, the conversation with it, and the notebook's side, against a real server process."""

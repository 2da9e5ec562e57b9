"""The notebooks: their demo, their refresh, and the tests that hold them to their saved outputs."""

"""Programs that the real server ran, with what it traced."""

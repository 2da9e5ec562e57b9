"""The live view: the feed without a network, the window's server with real clients, the vendor's protocol."""

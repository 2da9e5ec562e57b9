"""The HTTP client: its protocol in memory, and its Lua face against real servers, friendly and hostile."""

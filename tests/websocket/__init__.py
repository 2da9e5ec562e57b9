"""WebSockets: the codec in memory, and the whole against `websockets` on loopback."""

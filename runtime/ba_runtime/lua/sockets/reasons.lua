-- The numbers that Python reports (sockets/reasons.py), and the documented strings for them; a test compares the two.

return {
  CONNECTED = 0,
  READABLE = 1,
  DRAINED = 2,
  SEND_FAILED = 3,
  RESOLVED = 4,
  TLS_FAILED = 5,
  HANDSHAKING = 6,
  CANNOT_RESOLVE = -2,

  text = {
    [-1] = "cannotconnect",
    [-2] = "cannotresolve",
    [-3] = "bind",
    [-4] = "malloc",
  },
}

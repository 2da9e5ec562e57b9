"""Tests of TLS: in memory, against the standard library, and against the program `openssl` on loopback."""

"""What is recorded of a program's sockets."""

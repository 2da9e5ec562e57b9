"""The command `ba-lua`, in processes of its own: compared with `lua`, with cells, and at a terminal."""

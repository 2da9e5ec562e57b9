-- The option -W.

warn("@on")

local global, name = ... _G[global] = require(name) -- the option -l: in line 1, which messages name

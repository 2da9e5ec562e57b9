"""Tests of the Lua modules that need no network and no scheduler."""

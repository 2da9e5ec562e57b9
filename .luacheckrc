-- luacheck: the runtime's modules, and the Lua programs of the tests.
std = "lua54"
max_line_length = 120
codes = true

-- A module is a chunk that is called with `import`; the documented globals are set in boot.lua and seal.lua.
files["runtime/ba_runtime/lua"] = {
  globals = {"_G"},
}
-- What the command line sets, and `require`s into.
files["runtime/ba_runtime/command"] = {
  globals = {"_G", "arg"},
}
-- A description, with a parameter list and no body for each function.
files["runtime/ba_runtime/lua/host.lua"] = {ignore = {"212"}}

-- Methods of one metatable share a signature, whether they use `self` or not.
self = false

-- The published programs are kept as they were recorded.
exclude_files = {"tests/conformance/scripts"}

files["tests"] = {
  allow_defined_top = true, -- the prelude's helpers are globals, and the programs under test use them
  ignore = {"131"},
  read_globals = {"ba", "mako", "trace", "tracep", "CERTS"}, -- CERTS is given to the TLS programs
}

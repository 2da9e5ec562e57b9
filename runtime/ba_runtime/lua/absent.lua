-- What programs for the server may use and this runtime does not have: by name, what it is part of and what to do.

local HERE = ", which this runtime does not have; "
local USERS = "part of the App Server's user management" .. HERE .. "try it on the server"
local FILE_SERVERS = "one of the App Server's file servers" .. HERE .. "ba.create.dir and ba-lua --serve serve files"
local SHELL = "how the App Server runs other programs; here that would stop every cosocket"
local TPM = "the App Server's safe for secret keys" .. HERE .. "try it on the server"
local HARDWARE = "the Lua API for an ESP32's hardware, which only the device has"
local XEDGE = "Xedge's own API" .. HERE .. "try it on the device"
local SQL = "the App Server's database (SQLite)" .. HERE .. "try it on the server"

local absent = {}

-- Fields of `ba` and `mako`, by their path; and methods that have only nil to give. To programs that look whether they
-- are there, they are not.
absent.fields = {
  ["ba.create.authenticator"] = USERS,
  ["ba.create.authuser"] = USERS,
  ["ba.create.authorizer"] = USERS,
  ["ba.create.jsonuser"] = USERS,
  ["ba.create.dav"] = FILE_SERVERS,
  ["ba.create.wfs"] = FILE_SERVERS,
  ["ba.create.upload"] = "the App Server's receiver of large files" .. HERE .. "a page can read them by request:rawrdr",
  ["ba.create.netio"] = FILE_SERVERS,
  ["ba.create.redirector"] = "the App Server's reverse proxy" .. HERE .. "a page can fetch by httpc",
  ["ba.create.servcon"] = "how the App Server opens ports for pages; here there is one, mako.port",
  ["ba.create.tracelogger"] = "the service that sends the App Server's trace to a browser; here trace writes to the"
    .. " trace area, or to stderr",
  ["ba.exec"] = SHELL,
  ["ba.forkpty"] = SHELL,
  ["ba.xml2table"] = "the App Server's reader of XML" .. HERE .. "string.gmatch takes simple texts apart",
  ["ba.session"] = USERS,
  ["ba.sessions"] = USERS,
  ["ba.users"] = USERS,
  ["ba.tracker"] = USERS,
  ["ba.tpm"] = TPM,
  ["mako.conf"] = "what the Mako Server has read in mako.conf, which this runtime does not; write the values here",
  ["mako.sslport"] = "the port for HTTPS, which the page server does not speak here; use mako.port",
  ["request:session"] = USERS,
  ["request:user"] = USERS,
}

-- Methods of our objects, whose names say enough.
absent.methods = {
  login = USERS,
  logout = USERS,
  setauth = USERS,
}

-- Globals of devices and of older Luas, and modules of ours that are no globals.
absent.globals = {
  esp32 = HARDWARE,
  xedge = XEDGE,
  luasql = SQL,
  unpack = "table.unpack since Lua 5.2",
  loadstring = "load since Lua 5.2",
  setfenv = "not in Lua since 5.2; load takes an environment",
  getfenv = "not in Lua since 5.2; the environment is _ENV",
  module = "not in Lua since 5.2; a module's file returns its table",
  httpc = 'a module; write local httpc = require "httpc"',
  httpm = 'a module; write local httpm = require "httpm"',
  socket = 'LuaSocket\'s module; write local socket = require "socket"',
  ltn12 = 'LuaSocket\'s module; write local ltn12 = require "ltn12"',
  mime = 'LuaSocket\'s module; write local mime = require "mime"',
}

local function resource(name)
  return "it is a file of the Mako Server's resources (mako.zip, folder .lua); put " .. name .. ".lua beside the"
    .. " notebook, into .lua/ there, or into a folder that BA_LUA_PATH names"
end

local function file_of(name)
  return resource((name:gsub("%.", "/")))
end

local function saying(text)
  return function()
    return text
  end
end

local DATABASE = saying("it is " .. SQL)
local MAIL = saying("it is LuaSocket's part for mail and FTP" .. HERE .. "socket and socket.http are here")
local C_LIBRARY = "it is a library in C, and this runtime cannot load those"

-- What `require` cannot find: patterns of names, and what to say of a name. The first that fits counts.
absent.modules = {
  {"^smq%.", file_of},
  {"^mqtt3?c$", file_of},
  {"^rwfile$", file_of},
  {"^jwt", file_of},
  {"^http$", file_of},
  {"^acme$", file_of},
  {"^acme[./]", file_of},
  {"^soap", file_of},
  {"^xmlrpc", file_of},
  {"^wfs$", file_of},
  {"^reconnect$", file_of},
  {"^opcua", file_of},
  {"^modbus", file_of},
  {"^xedge", saying("it is " .. XEDGE)},
  {"^luasql", DATABASE},
  {"^sqlutil$", DATABASE},
  {"^socket%.", MAIL},
  {"^ssl$", saying(C_LIBRARY .. "; ba.socket has TLS (the option shark)")},
  {"^ssl%.", saying(C_LIBRARY .. '; require "httpc" asks over https')},
  {"^lfs$", saying(C_LIBRARY .. "; ba.openio lists and changes folders")},
  {"^cjson", saying(C_LIBRARY .. "; ba.json encodes and decodes")},
  {"^lpeg$", saying(C_LIBRARY)},
  {"^posix", saying(C_LIBRARY)},
}

return absent

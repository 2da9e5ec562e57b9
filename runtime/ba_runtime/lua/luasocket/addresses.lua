-- How LuaSocket names addresses: "*" for any, names as well as numbers.

local import = ...
local host = import "host"
local cell_number = import "tasks/cell_number"
local sched = import "tasks/sched"
local dial = import "sockets/dial"

local find = string.find

local addresses = {cell_number = cell_number}

-- Returns the cell on whose account a socket is made.
function addresses.cell()
  local task = sched.current
  return task and task.cell
end

-- Tells whether an object's socket for this address is one of IPv6.
function addresses.is_ipv6(L, address)
  return L.family == "inet6" or find(address, ":", 1, true) ~= nil
end

local is_told = false

-- Returns what `intf` is for a local address, nil for the loopback; or nil and a reason. "*" is what every example
-- says, whether the server is meant for others or not; so it stays on this computer, like all that names no `intf`.
function addresses.interface(address, what)
  if address == "*" then
    if not is_told then
      is_told = true
      host.note(
        cell_number(addresses.cell()),
        what .. [[: "*" is 127.0.0.1 here; write "0.0.0.0" if other computers are to reach this port]]
      )
    end
    return nil
  elseif address == "localhost" or find(address, "^[%d.]+$") or find(address, ":", 1, true) then
    return address
  end
  local found = dial.toip(address)
  if not found then
    return nil, "host not found"
  end
  return found
end

return addresses

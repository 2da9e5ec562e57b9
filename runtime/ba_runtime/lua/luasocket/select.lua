-- LuaSocket's select: which of these sockets can be read or written without waiting.
--
-- A socket tells its watchers when something comes that nobody reads, when all that was written has gone, and when it
-- is closed (`sock.tell_watchers`). What comes on a stream is kept with it, so a look tells the next time; a datagram
-- or a client stays with the system, and that one is there is known only from the watcher. So every select asks anew,
-- which costs a turn of the loop, also where one of the sockets is ready: it must not hide the others.

local import = ...
local host = import "host"
local check = import "check"
local sock = import "sockets/sock"
local sched = import "tasks/sched"
local waiting = import "tasks/waiting"
local objects = import "luasocket/objects"

local clock = host.monotonic
local type, ipairs, select, remove, setmetatable = type, ipairs, select, table.remove, setmetatable
local state = objects.state

local watch = {}
watch.__index = watch

function watch:noticed(S, is_sent)
  self.has_come[S] = self.has_come[S] or not is_sent
  local task = self.task
  if task and task.waits_for == self then
    sched.run(task)
  end
end

-- What is lost can be read: that tells it. What the program has closed is in nobody's way.
local function can_read(L, watcher)
  local S = L.S
  if L.at <= #L.kept then
    return true
  elseif not S or L.is_closed then
    return false
  elseif not S.open then
    return not L.is_connecting
  end
  return S.inbox ~= nil or S.eof ~= nil or watcher.has_come[S]
end

local function can_write(L)
  local S = L.S
  return S ~= nil and not L.is_closed and not L.is_connecting and not S.busy
end

-- Returns the sockets of `list` of which `can` holds, by number and by themselves.
local function those(list, can, watcher)
  local found, count = {}, 0
  for _, object in ipairs(list) do
    if can(state[object], watcher) then
      count = count + 1
      found[count], found[object] = object, count
    end
  end
  return found, count
end

local function watch_all(list, watcher, arms)
  for _, object in ipairs(list) do
    local S = state[object].S
    if S and S.open then
      S.watchers = S.watchers or {}
      S.watchers[#S.watchers + 1] = watcher
      if arms and S.number and not state[object].is_connecting then
        sock.arm(S)
      end
    end
  end
end

local function unwatch_all(list, watcher)
  for _, object in ipairs(list) do
    local watchers = state[object].S and state[object].S.watchers
    for i = watchers and #watchers or 0, 1, -1 do
      if watchers[i] == watcher then
        remove(watchers, i)
      end
    end
  end
end

local function checked(n, list, count)
  if list == nil then
    return {}
  elseif type(list) ~= "table" then
    return nil, n, list, count
  end
  for _, object in ipairs(list) do
    if not state[object] then
      return nil, n, object, count
    end
  end
  return list
end

-- select(recvt, sendt [, timeout]) → those that can be read, those that can be written [, "timeout"]
return function(...)
  local readers, writers, timeout_s = ...
  local n = select("#", ...)
  timeout_s = timeout_s == nil and -1 or check.number(3, timeout_s)
  local receiving, sending = checked(1, readers, n), checked(2, writers, n)
  if not receiving then
    check.fail(1, "a table of sockets expected")
  elseif not sending then
    check.fail(2, "a table of sockets expected")
  end
  local watcher = setmetatable({has_come = {}}, watch)
  local began, limit_s = clock(), timeout_s >= 0 and timeout_s or nil
  local task = waiting.caller()
  watcher.task = task
  local _, readable = those(receiving, can_read, watcher)
  local _, writable = those(sending, can_write)
  local ready_to_read, ready_to_write, reason
  repeat
    local has_some = readable > 0 or writable > 0
    task.waits_for = watcher -- before anybody can notice something
    watch_all(receiving, watcher, true)
    watch_all(sending, watcher, false)
    _, reason = waiting.rest(task, "select", has_some and 0 or limit_s, began)
    unwatch_all(receiving, watcher)
    unwatch_all(sending, watcher)
    ready_to_read, readable = those(receiving, can_read, watcher)
    ready_to_write, writable = those(sending, can_write)
  until readable > 0 or writable > 0 or reason == "timeout"
  if readable == 0 and writable == 0 then
    return ready_to_read, ready_to_write, "timeout"
  end
  return ready_to_read, ready_to_write
end

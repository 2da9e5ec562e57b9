-- Cosockets: coroutines that own a socket.
--
-- A cosocket is kept alive by `held`, and through it its socket, except while it is disabled: then somebody
-- must refer to it, or it is garbage, as documented. When its function ends, its socket is closed.

local import = ...
local host = import "host"
local background = import "tasks/background"
local keepers = import "tasks/keepers"
local cell_number = import "tasks/cell_number"
local sched = import "tasks/sched"
local waiting = import "tasks/waiting"
local sock = import "sockets/sock"
local report = import "tasks/report"
local hints = import "hints"
local reasons = import "sockets/reasons"

local run, pause, settle = sched.run, waiting.pause, waiting.settle
local READABLE = reasons.READABLE

local cosocket = {}

local held = keepers.add({})

local function leave(task, over, by)
  local S = task.sock
  task.over = true
  held[S] = nil
  background.count(-1)
  if S.task == task then
    S.task, S.waiting, S.owed = nil, nil, nil
    S.over = over
    sock.close(S, by)
    sock.wake_writers(S, nil, "socketclosed")
  end
end

local function abandoned(task)
  leave(task, false, "error")
  host.note(
    cell_number(task.cell),
    "a cosocket was dropped: it waited again after a call had reported that its connection was lost"
      .. " (a device drops it silently; end the loop when a call returns nil)",
    true,
    task.number or 0
  )
end

local function ended(task, ok, problem)
  leave(task, true, not ok and (task.interrupted and "interrupt" or "error") or nil)
  if not ok then
    if task.abandoning then
      return abandoned(task)
    end
    report.fault(task, "in Cosocket", problem)
  end
end

local function yielded(task)
  leave(task, false, "error")
  task.hint = hints.of(task.co, "Invalid yield")
  report.fault(task, "in socket", "Invalid yield")
end

local KIND = {name = "cosocket", ended = ended, yielded = yielded, abandoned = abandoned}

-- Starts `f` as the cosocket of S. Returns whether it waits now.
local function start(S, f, ...)
  local task = sched.task(KIND, f)
  task.sock, task.number = S, S.number -- the number stays when the socket is closed: it tells whose reports are
  task.cell = task.cell or S.cell
  S.task = task
  held[S] = true
  background.count(1)
  run(task, S.u, ...)
  if task.stalled then
    settle(task)
  end
  return not task.over
end

-- Starts a cosocket on a new, unconnected socket object; returns the object while it lives.
function cosocket.new(f, ...)
  local current = sched.current
  local S = sock.new(current and current.cell)
  if start(S, f, ...) then
    return S.u
  end
  return nil
end

-- Makes a connected socket or listener a cosocket. In its own cosocket, the connection moves to a new object.
function cosocket.adopt(S, f, nonblocking, ...)
  if sched.owns(S) then
    S = sock.move(S)
  end
  S.nonblocking = nonblocking
  if start(S, f, ...) then
    return true
  end
  return nil, "failed"
end

-- Ends the running cosocket if its connection is gone: it has had its chance to leave.
function cosocket.must_live(S)
  if S.lost then
    waiting.abandon(S.task)
  end
end

-- `disable` in the cosocket itself: waits for `enable`.
function cosocket.suspend(S)
  cosocket.must_live(S)
  S.waiting = "disabled"
  held[S] = nil
  return pause(S.task)
end

-- `disable` from elsewhere: possible only in a plain read.
function cosocket.park(S)
  local task = S.task
  if S.waiting ~= "read" or task.at then
    return nil, "incorrectuse"
  end
  S.waiting, S.parked = "disabled", true
  held[S] = nil
  return true
end

local function alive(task)
  if task.stalled then
    settle(task)
  end
  return not task.over
end

-- `enable`: the disabled cosocket goes on at once; no values when it was not disabled.
function cosocket.resume(S, ...)
  local task = S.task
  if not task or S.waiting ~= "disabled" then
    return
  end
  held[S] = true
  if S.parked then
    S.parked = nil
    S.waiting = "read"
    if S.inbox or S.eof then -- it came meanwhile; the read gets it from the loop, as if it came now
      sched.post(S.number, READABLE)
      return true
    end
    sock.arm(S)
    return true
  end
  S.waiting = nil
  run(task, ...)
  return alive(task)
end

-- Closes, and tells whoever waits. Returns whether there was anything to close, and a cosocket that has gone on.
function cosocket.shut(S)
  local task = S.task
  local waits = task and S.waiting
  if S.shut and not waits then
    if S.owed then
      S.owed, S.used = nil, false
      return true
    end
    S.used = false
    return false
  end
  if S.websocket then
    S.websocket.goodbye()
  end
  sock.close(S)
  if waits then -- its owner hears of it, and has its own close still to call
    held[S] = true
  else
    S.used = false
  end
  sock.wake_all(S, "socketclosed")
  return true, waits and task
end

-- `close`, from anywhere.
function cosocket.close(S)
  local is_done, task = cosocket.shut(S)
  if task and task.stalled then
    settle(task)
  end
  return is_done
end

return cosocket

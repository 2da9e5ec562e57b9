-- What Lua itself tells whoever records: what plain streams send, and who waits.
--
-- Theory of operation. These are the most frequent events by far, and nearly all of them are dropped unread. A call of
-- Python for each costs more than the echo of a message. So they are kept here, as four plain values each, and handed
-- over only when somebody reads a recording or ends it (`hand_over`). What costs time now is a few stores.
--
--   * Entries stand in chunks, linked in order. With as many chunks as are wanted, the oldest is used again: what it
--     held is lost, and Python counts it.
--   * Nothing is allocated between the choice of an entry's place and its last store, so a finalizer that runs anywhere
--     finds the chunks whole.
--   * `count[1]` is how many entries there have ever been. Python reads it at every poll, and for each event of its
--     own, and so knows which came first.
--   * An entry has no time where a cosocket goes on, sends or waits without limit: it happened right after the poll
--     that woke the cosocket. Other code may have computed for long, and need not be so fast: there the clock is asked.
--
-- An entry is one of
--
--   number, head, time, length    what a stream has sent
--   text, false, time             a wait begins; the text has what there is to say, see `describe`
--   text, outcome, time           it ends; "", the documented reason, or a signal, for which only Python has words
--
-- Never: a reference to a task or a socket in an entry. It would live for as long as somebody records.

local import = ...
local host = import "host"
local cell_number = import "tasks/cell_number"
local sched = import "tasks/sched"

local format, pcall, setmetatable, sub, type, unpack =
  string.format, pcall, setmetatable, string.sub, type, table.unpack
local clock, min = host.monotonic, math.min
local yield, WAIT, THROW = coroutine.yield, sched.WAIT, sched.THROW

local ENTRIES <const> = 1024 -- of a chunk
local WIDTH <const> = 4 -- values of an entry
local SIZE <const> = ENTRIES * WIDTH
local HEAD_BYTES <const> = 256 -- of what was sent, as in observe/events.py
local PIECE <const> = 64 -- entries that are handed over in one call

local recorded = {}

local count = host.recorded_count
local oldest, newest -- chunks: SIZE values, `start` (the count before its first entry), `next`
local base = -ENTRIES -- the newest chunk's start
local held, most = 0, 0 -- chunks
local handed = 0 -- entries that Python has, or that came before anybody recorded

local function new_chunk()
  local chunk = {}
  for i = 1, SIZE do
    chunk[i] = false
  end
  chunk.start, chunk.next = 0, false
  return chunk
end

-- Makes the next chunk the newest. Where there is no memory for one more, the oldest must do. Returns the count, and
-- the place before the next entry; false for the place when there is no chunk at all: then an entry is only counted.
local function turn_over()
  local chunk
  if held < most then
    local ok, made = pcall(new_chunk)
    chunk = ok and made
  end
  local n = count[1]
  if n - base < ENTRIES then -- a finalizer was faster
    return n, (n - base) * WIDTH
  elseif chunk then
    held = held + 1
  elseif oldest then
    chunk, oldest = oldest, oldest.next or oldest
  else
    return n, false
  end
  chunk.start, chunk.next, base = n, false, n
  if newest and newest ~= chunk then
    newest.next = chunk
  end
  oldest, newest = oldest or chunk, chunk
  return n, 0
end

-- The same four lines stand in each function that notes something: a call for them would cost as much as they do.

-- ---------------------------------------------------------------- what is sent

-- Returns what sends for a stream from now on: `send` itself, or while somebody records what notes it besides.
function recorded.sending(number, send)
  if most == 0 or not send then
    return send
  end
  return function(data)
    local sent = send(data)
    local head, task = data, sched.current
    if sent > HEAD_BYTES or sent ~= #data then
      head = sub(data, 1, min(sent, HEAD_BYTES))
    end
    local time = not (task and task.sock) and clock()
    local n = count[1]
    local i = (n - base) * WIDTH
    if i >= SIZE then
      n, i = turn_over()
    end
    if i then
      local chunk = newest
      chunk[i + 1], chunk[i + 2], chunk[i + 3], chunk[i + 4] = number, head, time, sent
    end
    count[1] = n + 1
    return sent
  end
end

-- ---------------------------------------------------------------- who waits

local function note(text, outcome, time)
  local n = count[1]
  local i = (n - base) * WIDTH
  if i >= SIZE then
    n, i = turn_over()
  end
  if i then
    local chunk = newest
    chunk[i + 1], chunk[i + 2], chunk[i + 3] = text, outcome, time
  end
  count[1] = n + 1
end

local last_waits, last_task = setmetatable({}, {__mode = "k"}), 0 -- of tasks that have waited while somebody recorded

-- Returns what there is to say of a wait: the task's number, the socket's, the cell's, what kind of task it is, in
-- which call it waits, and for how many seconds at most. What is the same the next time is kept.
local function describe(task, socket, call, limit_s)
  local last = last_waits[task]
  if last and not limit_s and last.socket == socket and last.call == call then
    return last.text
  end
  local number = last and last.task
  if not number then
    last_task = last_task + 1
    number = last_task
  end
  local limit = limit_s and format("%.3f", limit_s) or ""
  local text = format("%d\n%d\n%d\n%s\n%s\n%s", number, socket, cell_number(task.cell), task.kind.name, call, limit)
  last_waits[task] = {task = number, socket = socket, call = not limit_s and call, text = text}
  return text
end

-- Notes that a task begins to wait, and returns what `ends` needs. The call is the owner's own, where that waits in
-- one.
function recorded.begins(task, call)
  local S, deadline, time = task.sock, task.at, false
  if not S or deadline then
    time = clock()
  end
  if S and S.waiting then
    call = S.waiting
  else
    S = task.waits_for
  end
  local text = describe(task, S and S.number or 0, call or "wait", deadline and deadline - time)
  note(text, false, time)
  return text
end

-- Notes how a wait has ended, and returns its values. The end of a sleep is what it waited for.
function recorded.ends(text, task, call, first, second, ...)
  local outcome = ""
  if first == THROW then
    outcome = "interrupted"
  elseif type(first) == "number" then
    outcome = first
  elseif not first and type(second) == "string" and call ~= "sleep" then
    outcome = second
  end
  note(text, outcome, not task.sock and clock())
  return first, second, ...
end

-- Returns what `wait(task)` does for a cosocket's own read, and notes its beginning and its end: both functions above
-- in one, for what happens most, on a plain stream or one with TLS. Such a read gets data, or nil and at most two
-- values more; so there is no need for a function with any number of arguments, which would cost a lot.
function recorded.own_read(wait)
  return function(task)
    local S = task.sock
    local text = task.said
    if task.said_of ~= S.number or task.at or not S.stream then
      text = recorded.begins(task)
      if not S.stream then
        return recorded.ends(text, task, nil, wait(task))
      elseif not task.at then -- else the limit is another one the next time
        task.said, task.said_of = text, S.number
      end
    else
      local n = count[1]
      local i = (n - base) * WIDTH
      if i >= SIZE then
        n, i = turn_over()
      end
      if i then
        local chunk = newest
        chunk[i + 1], chunk[i + 2], chunk[i + 3] = text, false, false
      end
      count[1] = n + 1
    end
    local data, reason, code
    if task.mail then
      data, reason, code = wait(task)
    else
      data, reason, code = yield(WAIT)
    end
    if not data then
      if code == nil then
        return recorded.ends(text, task, nil, data, reason)
      end
      return recorded.ends(text, task, nil, data, reason, code)
    end
    local n = count[1]
    local i = (n - base) * WIDTH
    if i >= SIZE then
      n, i = turn_over()
    end
    if i then
      local chunk = newest
      chunk[i + 1], chunk[i + 2], chunk[i + 3] = text, "", false
    end
    count[1] = n + 1
    return data
  end
end

-- ---------------------------------------------------------------- handing over

-- Gives Python the entries that it does not have yet, the oldest first.
function recorded.hand_over()
  local chunk, upto = oldest, count[1]
  while chunk do
    local start = chunk.start
    local stop = min(start + ENTRIES, upto)
    if handed < start then
      handed = start
    end
    while handed < stop do
      local first = handed
      local next = min(first + PIECE, stop)
      host.recorded(first, unpack(chunk, (first - start) * WIDTH + 1, (next - start) * WIDTH))
      handed = next
    end
    chunk = chunk.next
  end
end

-- Keeps at least so many entries from now on, or none: nil.
function recorded.keep(entries)
  most = entries and entries // ENTRIES + 2 or 0 -- the newest chunk may have just begun
  if most == 0 then
    oldest, newest, base, held, handed = nil, nil, count[1] - ENTRIES, 0, count[1]
  end
end

return recorded

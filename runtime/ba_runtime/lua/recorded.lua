-- What Lua itself tells whoever records: what plain streams send, and who waits.
--
-- Theory of operation. These are the most frequent events by far, and nearly all of them are dropped unread. A call of
-- Python for each costs more than the echo of a message. So they are kept here, as plain values, and handed over only
-- when somebody reads a recording or ends it (`hand_over`). What costs time now is a few stores.
--
--   * Entries stand in chunks, linked in order. With as many chunks as are wanted, the oldest is used again: what it
--     held is lost, and Python counts it.
--   * A chunk has four columns. What happens most needs only one of them, or two, and says so by what stands in the
--     first; there the others keep what an older entry has left. What happens seldom needs all four.
--   * Nothing is allocated between the choice of an entry's place and its last store, so a finalizer that runs anywhere
--     finds the chunks whole.
--   * `count` says how many entries there have ever been: those of the newest chunk, and those before it. Python reads
--     it at every poll, and for each event of its own, and so knows which came first.
--   * An entry has no time where a cosocket goes on, sends or waits without limit: it happened right after the poll
--     that woke the cosocket. Other code may have computed for long, and need not be so fast: there the clock is asked.
--
-- In the columns `what`, `head`, `time` and `length`, an entry is one of
--
--   number, data                      a stream has sent all of it, right after the poll
--   -number, head, time, length       what a stream has sent
--   text                              a wait begins; the text has what there is to say, see `describe`
--   "<" .. text                       it ends, with data
--   false, text, time, outcome        it ends (see below) or, where the outcome is false, begins
--
-- and Python gets four values for each:
--
--   number, head, time, length    what a stream has sent
--   text, false, time, false      a wait begins
--   text, outcome, time, false    it ends; "", the documented reason, or a signal, for which only Python has words
--
-- Never: a reference to a task or a socket in an entry. It would live for as long as somebody records.

local import = ...
local host = import "host"
local cell_number = import "tasks/cell_number"
local sched = import "tasks/sched"

local byte, format, pcall, setmetatable, sub, type, unpack =
  string.byte, string.format, pcall, setmetatable, string.sub, type, table.unpack
local clock, min = host.monotonic, math.min
local yield, WAIT, THROW = coroutine.yield, sched.WAIT, sched.THROW

local ENTRIES <const> = 1024 -- of a chunk
local HEAD_BYTES <const> = 256 -- of what was sent, as in observe/events.py
local PIECE <const> = 64 -- entries that are handed over in one call
local END <const> = "<" -- before the text of a wait: it ends, with data

local recorded = {}

local oldest, newest -- chunks: four columns, `before` (the count before its first entry), `next`
local whats, heads -- the newest chunk's
local room = 0 -- entries that it has place for
local count = host.recorded_count -- entries in it, entries before it
local held, most = 0, 0 -- chunks
local handed = 0 -- entries that Python has, or that came before anybody recorded

local function column()
  local values = {}
  for i = 1, ENTRIES do
    values[i] = false
  end
  return values
end

local function new_chunk()
  return {what = column(), head = column(), time = column(), length = column(), before = 0, next = false}
end

local SINK <const> = {[0] = false} -- where the next entry goes when there is no chunk at all
local NOTHING <const> = {what = SINK, head = SINK, time = SINK, length = SINK}

local function total()
  return count[1] + count[2]
end

local function use(chunk)
  whats, heads, room = chunk.what, chunk.head, chunk == NOTHING and 0 or ENTRIES
end

-- Makes the next chunk the newest. Where there is no memory for one more, the oldest must do; where there is not even
-- that, the entry is only counted. Returns the entry's place in the newest.
local function turn_over()
  local chunk
  if held < most then
    local ok, made = pcall(new_chunk)
    chunk = ok and made
  end
  if count[1] < room then -- a finalizer was faster
    return count[1] + 1
  elseif chunk then
    held = held + 1
  elseif oldest then
    chunk, oldest = oldest, oldest.next or oldest
  else
    count[2] = count[2] + 1
    use(NOTHING)
    return 0
  end
  chunk.before, chunk.next = total(), false
  count[1], count[2] = 0, chunk.before
  if newest and newest ~= chunk then
    newest.next = chunk
  end
  oldest, newest = oldest or chunk, chunk
  use(chunk)
  return 1
end

-- Notes what needs all columns. The other functions that note something have these lines in themselves: a call for
-- them would cost as much as they do.
local function note(what, head, time, length)
  local i = count[1] + 1
  if i > room then
    i = turn_over()
  end
  local chunk = newest or NOTHING
  whats[i], heads[i], chunk.time[i], chunk.length[i] = what, head, time, length
  count[1] = i
end

-- ---------------------------------------------------------------- what is sent

-- Returns what sends for a stream from now on: `send` itself, or while somebody records what notes it besides.
function recorded.sending(number, send)
  if most == 0 or not send then
    return send
  end
  return function(data)
    local sent, task = send(data), sched.current
    if sent ~= #data or sent > HEAD_BYTES or not task or not task.sock then
      local head = sub(data, 1, min(sent, HEAD_BYTES))
      note(-number, head, not (task and task.sock) and clock(), sent)
      return sent
    end
    local counted = count
    local i = counted[1] + 1
    if i > room then
      i = turn_over()
    end
    whats[i] = number
    heads[i] = data
    counted[1] = i
    return sent
  end
end

-- ---------------------------------------------------------------- who waits

local last_waits, last_task = setmetatable({}, {__mode = "k"}), 0 -- of tasks that have waited while somebody recorded

-- Returns what there is to say of a wait: the task's number, the socket's, the cell's, what kind of task it is, in
-- which call it waits, and for how many seconds at most, nil for no limit. What is the same the next time is kept.
local function describe(task, socket, call, limit_s)
  local last = last_waits[task]
  if last and last.socket == socket and last.call == call and last.limit_s == limit_s then
    return last.text
  end
  local number = last and last.task
  if not number then
    last_task = last_task + 1
    number = last_task
  end
  local limit = limit_s and format("%.6f", limit_s) or ""
  local text = format("%d\n%d\n%d\n%s\n%s\n%s", number, socket, cell_number(task.cell), task.kind.name, call, limit)
  last_waits[task] = {task = number, socket = socket, call = call, limit_s = limit_s, text = text}
  return text
end

-- Notes that a task begins to wait, and returns what `ends` needs. The call is the owner's own, where that waits in
-- one. `limit_s` is what was asked for: what is left of it until the deadline would be another number in each run.
function recorded.begins(task, call, limit_s)
  local S, time = task.sock, false
  if not S or limit_s then
    time = clock()
  end
  if S and S.waiting then
    call = S.waiting
  else
    S = task.waits_for
  end
  local text = describe(task, S and S.number or 0, call or "wait", limit_s)
  note(false, text, time, false)
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
  note(false, text, not task.sock and clock(), outcome)
  return first, second, ...
end

-- Returns what `wait(task)` does for a cosocket's own read, and notes its beginning and its end: both functions above
-- in one, for what happens most, on a plain stream or one with TLS. Such a read gets data, or nil and at most two
-- values more; so there is no need for a function with any number of arguments, which would cost a lot.
function recorded.own_read(wait)
  return function(task, S, limit_s)
    local text, end_text = S.said, S.said_at_end
    if not text or limit_s then
      text = recorded.begins(task, nil, limit_s)
      if not S.stream then
        return recorded.ends(text, task, nil, wait(task))
      end
      end_text = END .. text
      if not limit_s then
        S.said, S.said_at_end = text, end_text
      end
    else
      local counted = count
      local i = counted[1] + 1
      if i > room then
        i = turn_over()
      end
      whats[i] = text
      counted[1] = i
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
    local counted = count
    local i = counted[1] + 1
    if i > room then
      i = turn_over()
    end
    whats[i] = end_text
    counted[1] = i
    return data
  end
end

-- ---------------------------------------------------------------- handing over

-- Returns an entry of a chunk as Python gets it.
local function entry(chunk, i)
  local what, head, time, length = chunk.what[i], chunk.head[i], chunk.time[i], chunk.length[i]
  if not what then
    return head, length, time, false
  elseif type(what) == "string" then
    if byte(what) == byte(END) then
      return sub(what, 2), "", false, false
    end
    return what, false, false, false
  elseif what > 0 then
    return what, head, false, #head
  end
  return -what, head, time, length
end

-- Gives Python the entries that it does not have yet, the oldest first.
function recorded.hand_over()
  local chunk, upto, values = oldest, total(), {}
  while chunk do
    local before = chunk.before
    local stop = min(before + ENTRIES, upto)
    if handed < before then
      handed = before
    end
    while handed < stop do
      local first = handed
      local next = min(first + PIECE, stop)
      for n = first, next - 1 do
        local at = (n - first) * 4
        values[at + 1], values[at + 2], values[at + 3], values[at + 4] = entry(chunk, n - before + 1)
      end
      host.recorded(first, unpack(values, 1, (next - first) * 4))
      handed = next
    end
    chunk = chunk.next
  end
end

-- Keeps at least so many entries from now on, or none: nil.
function recorded.keep(entries)
  most = entries and entries // ENTRIES + 2 or 0 -- the newest chunk may have just begun
  if most == 0 then
    oldest, newest, held = nil, nil, 0
    use(NOTHING)
    count[1], count[2] = 0, total()
    handed = count[2]
  end
end

return recorded

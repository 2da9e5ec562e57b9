-- The first module: puts the documented globals together, seals the rest, and gives Python the main loop.

local import = ...
local host = import "host"
local crossing = import "crossing"
local background = import "tasks/background"
local sched = import "tasks/sched"
local waiting = import "tasks/waiting"
local interrupt = import "tasks/interrupt"
local seal = import "seal"
local cell = import "tasks/cell"
local timing = import "tasks/timing"
local recall = import "tasks/recall"
local globals = import "inspect/globals"
local look = import "inspect/look"
local render = import "inspect/render"
local socket_table = import "inspect/socket_table"
local advice = import "console/advice"
local console = import "console/output"
local stdio = import "console/stdio"
local warnings = import "console/warn"
local check = import "check"
local recorded = import "recorded"
local report = import "tasks/report"
local hints = import "hints"
local socket = import "sockets/socket"
local shark = import "sockets/shark"
local sock = import "sockets/sock"
local stream = import "sockets/stream"
local timer = import "tasks/timer"
local thread = import "tasks/thread"
local bytearray = import "data/bytearray"
local random = import "crypto/random"
local files = import "files"
local json = import "json/json"
local encoding = import "data/encoding"
local dates = import "data/dates"
local datetime = import "data/datetime"
local address = import "data/address"
local crypto = import "crypto/crypto"
local envelope = import "crypto/envelope"
local issue = import "crypto/issue"
local httpc = import "http_client/httpc"
local httpm = import "http_client/httpm"
local dir = import "web/dir"
local app = import "web/app"
local parts = import "web/parts"
local farewell = import "tasks/farewell"
local mako = import "web/mako"
local resources = import "web/resources"
local page_cell = import "web/page_cell"
local display = import "display/display"
local outputs = import "display/outputs"

local G = _G
local type, select, next, collectgarbage, loaded, pcall, error =
  type, select, next, collectgarbage, package.loaded, pcall, error
local clock, running = host.monotonic, coroutine.running

-- What the documented server calls itself, and the Lua it has.
local VERSION, LUA_VERSION, BUILD_DATE = 5711, 504, "Nov 23 2026"

-- ---------------------------------------------------------------- ba

local ba = {
  socket = socket,
  timer = timer.new,
  thread = {run = thread.run, create = thread.create, configure = thread.configure, dbg = thread.dbg},
  bytearray = bytearray.api,
  openio = files.openio,
  mkio = files.mkio,
  io = files.named,
  loadfile = files.loadfile,
  rnd = random.rnd,
  rnds = random.rnds,
  rndbs = random.rndbs,
  rndseed = random.rndseed,
  json = json,
  b64encode = encoding.b64encode,
  b64urlencode = encoding.b64urlencode,
  b64decode = encoding.b64decode,
  urlencode = encoding.urlencode,
  urldecode = encoding.urldecode,
  deflate = encoding.deflate,
  aesencode = envelope.aesencode,
  aesdecode = envelope.aesdecode,
  mime = parts.mime,
  parselsp = parts.parselsp,
  encdate = dates.encdate,
  parsedate = dates.parsedate,
  datetime = datetime.new,
  cmpaddr = address.cmpaddr,
  crypto = crypto,
  create = {
    certstore = shark.certstore,
    sharkcert = shark.sharkcert,
    sharkssl = shark.sharkssl,
    dir = dir.create,
    key = issue.key,
    csr = issue.csr,
    certificate = issue.certificate,
    resrdr = resources.create,
  },
  parsecert = shark.parsecert,
  sharkclient = shark.sharkclient,
}

-- ba.sleep(ms): everything else goes on. A device would stall its other cosockets, and once that is said.
function ba.sleep(...)
  local ms = check.number(1, (...), select("#", ...))
  local task = sched.current
  if task and task.kind.name == "cosocket" then
    advice.once(
      "ba.sleep in a cosocket: the others keep running here, but on a device they all stall; use s:read(ms) instead"
    )
  end
  waiting.block(waiting.caller(), "sleep", ms > 0 and ms / 1000 or 0)
end

-- ba.clock() → milliseconds, monotonic
function ba.clock()
  return clock() * 1000 // 1 | 0
end

function ba.version()
  return VERSION, LUA_VERSION, BUILD_DATE
end

-- ba.seterrh([f]) → the function before, nothing for none: f hears of errors in the background, besides the trace
function ba.seterrh(...)
  local f = ...
  if f ~= nil and type(f) ~= "function" then
    check.expected(1, "function", f, select("#", ...))
  end
  local before = report.set_handler(f)
  if before then
    return before
  end
end

G.ba = ba
loaded.ba = ba

hints.watch(ba, "ba")
hints.watch(ba.create, "ba.create")
loaded.httpc, loaded.httpm = httpc.api, httpm
seal.apply()
G.mako = mako.new(VERSION, BUILD_DATE)
hints.watch(G.mako, "mako", mako.index)
loaded.mako = G.mako
G.warn = warnings.warn
G.display = display

-- clear_output([wait]): what the cell has shown goes, with `wait` only when it shows something else
function G.clear_output(...)
  outputs.clear((...) and true or false)
end

local standard = {} -- the globals that finalizers still find when the runtime closes
for name, value in next, G do
  standard[name] = value
end

-- ---------------------------------------------------------------- what other threads ask for

local requests = {}
local questions = {} -- those with a ticket in front, under which `host.reply` answers

requests.cell = cell.start
requests.page = page_cell.start
requests.program = cell.start_program
requests.timing = timing.start
requests.remember = recall.input
questions.serve = app.request
questions.farewell = farewell.request

-- Comes again and again while an interrupt lasts; the last one may be late.
function requests.interrupt(serial)
  local target = interrupt.target
  if not host.is_interrupting() then
    return
  elseif not target then
    return host.interrupt_over(serial) -- not of one that has begun since, for a cell that is still to come
  end
  waiting.interrupt(target)
end

requests.input = stdio.deliver
requests.trace_level = console.set_level

function questions.members(ticket, ...)
  host.reply(ticket, look.members(...))
end

-- What a value is: its type and its text, and of a program's function where it was defined.
function questions.describe(ticket, ...)
  local value = look.value(...)
  if value == nil then
    return host.reply(ticket)
  end
  host.reply(ticket, type(value), render.bare(value), look.defined(value))
end

function questions.globals(ticket)
  host.reply(ticket, globals.rows(standard))
end

function questions.sockets(ticket)
  host.reply(ticket, socket_table.rows())
end

function questions.closable(ticket, ...)
  host.reply(ticket, socket_table.closable(...))
end

function questions.close_sockets(ticket, ...)
  socket_table.close(...)
  host.reply(ticket)
end

-- Somebody begins to listen to the sockets, or ends: between two bytes, as no program runs meanwhile (channel.py).
function questions.watch(ticket)
  recorded.hand_over()
  local entries = host.watch()
  recorded.keep(entries)
  waiting.record(entries)
  sock.each(stream.renew)
  host.reply(ticket)
end

-- Somebody wants to read a recording.
function questions.recorded(ticket)
  recorded.hand_over()
  host.reply(ticket)
end

-- Answers when nothing goes on in the background any more.
function questions.idle(ticket)
  background.when_idle(function()
    host.reply(ticket)
  end)
end

-- Tells whether there is memory again after so many collections at most.
local function has_collected(collections)
  for _ = 1, collections do
    collectgarbage()
    if not host.memory_is_short() then
      return true
    end
  end
  return false
end

-- Memory is nearly used up, or a cell begins while it is; Python has opened its reserve for this.
function requests.memory(collections)
  crossing.is_tight = true
  if not has_collected(collections) and not (recall.forget() and has_collected(collections)) then
    host.memory_used_up()
  end
end

function requests.memory_eased()
  crossing.is_tight = false
end

function requests.close()
  sched.closing = true
end

-- The request that has failed last, for want of memory or by a fault of ours: whoever waits for the end of a cell, or
-- for an answer, must not wait forever.
local failed_kind, failed_first, failed_problem

local function handled(kind, first, ok, problem)
  if not ok then
    failed_kind, failed_first, failed_problem = kind, first, problem
    error(problem, 0)
  end
  return true
end

local function take(kind, ...)
  if kind then
    return handled(kind, (...), pcall(requests[kind] or questions[kind], ...))
  end
end

local CELLS = {cell = true, page = true, program = true, timing = true} -- requests that are over when their cell is

-- Gives that request up, unless it has been answered, or a cell that waits will end by itself.
local function give_up()
  local kind, first, problem = failed_kind, failed_first, failed_problem
  failed_kind, failed_first, failed_problem = nil, nil, nil
  if questions[kind] then
    host.reply_failed(first, problem)
  elseif CELLS[kind] and not (sched.cell and sched.cell.stalled) then
    host.cell_failed(first, problem == "not enough memory" and "memory" or "runtime", problem, "", 0, "", 0, "")
  end
end

local mailbox = {
  ready = function()
    while take(host.take()) do end
  end,
}
sched.handlers[0] = mailbox

-- At the end everything of the user's is dropped and collected while Python still answers: finalizers may
-- print, and sockets close. They find the standard globals, as they do when Lua closes a state; then our own things go
-- too. `_lua.py` says why nothing is left for later.
local function let_go()
  sched.forget()
  for name in next, G do
    G[name] = standard[name]
  end
  collectgarbage()
  collectgarbage()
  standard = {}
  host.finalizers_switch(false) -- whoever runs from now on finds no globals, which is no fault of theirs
  for name in next, G do
    G[name] = nil
  end
  for name in next, loaded do
    loaded[name] = nil
  end
  collectgarbage()
  collectgarbage()
end

-- The main loop: returns when the runtime closes. After an error (there should be none), call it again, with the words
-- to report and whether memory ran out. That is the fault of the task that had ended just then, if there is one.
return function(problem, is_memory)
  interrupt.slot[1] = running()
  sched.handlers[0] = mailbox
  if problem and not (sched.recover() and is_memory) then
    host.fault(0, problem, problem, "", 0, "", "", 0)
  end
  if failed_kind then
    give_up()
  end
  sched.loop()
  let_go()
  recorded.hand_over()
end

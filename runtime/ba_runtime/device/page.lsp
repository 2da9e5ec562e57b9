<?lsp
--[[ FOR DEVELOPMENT ONLY. Cells of a notebook run here.

Whoever knows the secret below can run any code on this device. Keep this file from everybody else, use https where
others can listen, and delete it when you are done. It was made by the magic "%device make".
]]
local SECRET = "@SECRET@"
local MOST_SESSIONS, HOOK_INSTRUCTIONS, PAUSE_MS = 8, 10000, 200

-- Takes as long wherever two texts of one length differ.
local function is_secret(text)
  if type(text) ~= "string" or #text ~= #SECRET then
    return false
  end
  local differing = 0
  for i = 1, #SECRET do
    differing = differing | (text:byte(i) ~ SECRET:byte(i))
  end
  return differing == 0
end

-- Each notebook has globals of its own, which live as long as this page; of more than a few, the oldest go.
local function session_of(id)
  page.sessions, page.count = page.sessions or {}, (page.count or 0) + 1
  local session = page.sessions[id]
  if not session then
    local oldest, number = nil, 0
    for name, other in pairs(page.sessions) do
      number = number + 1
      if not oldest or other.used < page.sessions[oldest].used then
        oldest = name
      end
    end
    if number >= MOST_SESSIONS then
      page.sessions[oldest] = nil
    end
    session = {globals = setmetatable({}, {__index = _G})}
    session.globals._G = session.globals
    page.sessions[id] = session
  end
  session.used = page.count
  return session
end

-- ---------------------------------------------------------------- values as text, as the notebook shows its own

local KEYWORDS = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true
  until while]]):gmatch "%a+" do
  KEYWORDS[word] = true
end

local ESCAPES = {["\a"] = "\\a", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
  ["\v"] = "\\v", ['"'] = '\\"', ["\\"] = "\\\\"}

local function quoted(text, most)
  local cut = #text > most
  local body = text:sub(1, most):gsub('[%c"\\]', function(c)
    return ESCAPES[c] or ("\\%d"):format(c:byte())
  end)
  return '"' .. body .. '"' .. (cut and ("... (%d bytes)"):format(#text) or "")
end

local shown

local function key_text(key)
  if type(key) == "string" and key:find "^[%a_][%w_]*$" and not KEYWORDS[key] then
    return key
  end
  return "[" .. shown(key, {}, 4) .. "]"
end

local function before(a, b)
  local first, second = type(a), type(b)
  if first ~= second then
    return first < second
  elseif first == "number" or first == "string" then
    return a < b
  end
  return tostring(a) < tostring(b)
end

function shown(value, outer, depth)
  local kind = type(value)
  if kind == "string" then
    return quoted(value, depth == 0 and 4096 or 200)
  elseif kind ~= "table" then
    return tostring(value)
  end
  local meta = getmetatable(value)
  if type(meta) == "table" and rawget(meta, "__tostring") then
    return tostring(value)
  elseif outer[value] then
    return "{...}"
  elseif depth >= 4 then
    return next(value) == nil and "{}" or "{...}"
  end
  outer[value] = true
  local items, keys, length = {}, {}, rawlen(value)
  for i = 1, math.min(length, 200) do
    items[i] = shown(rawget(value, i), outer, depth + 1)
  end
  for key in next, value do
    if not (math.type(key) == "integer" and key >= 1 and key <= length) then
      keys[#keys + 1] = key
    end
  end
  table.sort(keys, before)
  for i = 1, math.min(#keys, 200 - #items) do
    items[#items + 1] = key_text(keys[i]) .. " = " .. shown(rawget(value, keys[i]), outer, depth + 1)
  end
  outer[value] = nil
  local rest = length + #keys - #items
  if rest > 0 then
    items[#items + 1] = ("... (%d more)"):format(rest)
  end
  local line = table.concat(items, ", ")
  if #line + 2 + 2 * depth <= 80 and not line:find("\n", 1, true) then
    return "{" .. line .. "}"
  end
  local indent = ("  "):rep(depth)
  return "{\n" .. indent .. "  " .. table.concat(items, ",\n" .. indent .. "  ") .. ",\n" .. indent .. "}"
end

-- ---------------------------------------------------------------- a cell

local function joined(...)
  local parts = table.pack(...)
  for i = 1, parts.n do
    parts[i] = tostring(parts[i])
  end
  return table.concat(parts, "\t", 1, parts.n) .. "\n"
end

-- Stops a cell that computes: when its time is over, and when the notebook says so, which needs a pause of the
-- server's to come through.
local function watch(run, seconds)
  local paused, started = ba.clock(), ba.clock()
  debug.sethook(function()
    local now = ba.clock()
    if seconds and now - started > seconds * 1000 then
      error(("stopped after %g s, the limit"):format(seconds), 0)
    elseif now - paused > PAUSE_MS then
      ba.sleep(1)
      paused = ba.clock()
    end
    if run.stopped then
      error("interrupted", 0)
    end
  end, "", HOOK_INSTRUCTIONS)
end

local function write(run, text)
  local done = pcall(response.write, response, text) and pcall(response.flush, response)
  if not done then
    run.stopped = true -- nobody reads it any more
  end
end

local function answer(run, boundary, status, texts)
  run.ended = true
  local parts = {boundary .. "\n" .. status .. "\n"}
  for i = 1, texts.n or #texts do
    parts[#parts + 1] = #texts[i] .. "\n" .. texts[i]
  end
  write(run, table.concat(parts))
end

local function run_cell(session)
  local run, boundary = {}, request:header "X-Ba-Lua-Boundary"
  local chunks = {}
  for chunk in request:rawrdr() do
    chunks[#chunks + 1] = chunk
  end
  response:setcontenttype "application/octet-stream"
  session.run = run
  local env = setmetatable({}, {__index = session.globals, __newindex = session.globals})
  function env.print(...)
    local text = joined(...)
    if not run.ended then
      write(run, text)
    elseif session.run and not session.run.ended then
      write(session.run, text)
    else
      trace(text)
    end
  end
  local f, problem = load(table.concat(chunks), "=" .. request:header "X-Ba-Lua-Name", "t", env)
  if not f then
    return answer(run, boundary, "syntax", {problem})
  end
  if debug and debug.sethook and ba.clock then
    watch(run, tonumber(request:header "X-Ba-Lua-Seconds"))
  end
  local results = table.pack(xpcall(f, function(problem)
    local text = type(problem) == "string" and problem or "(error object is a " .. type(problem) .. " value)"
    return {tostring(problem) or text, debug.traceback("", 2)}
  end))
  if debug and debug.sethook then
    debug.sethook()
  end
  if not results[1] then
    return answer(run, boundary, run.stopped and "interrupt" or "runtime", results[2])
  end
  local texts = {n = results.n - 1}
  for i = 2, results.n do
    local ok, text = pcall(shown, results[i], {}, 0)
    texts[i - 1] = ok and text or "<" .. type(results[i]) .. ">"
  end
  answer(run, boundary, "ok", texts)
end

local function about()
  local mako = type(mako) == "table" and mako or {}
  local number, _, date = ba.version()
  local told = {lua = _VERSION, version = mako.version or number, date = mako.date or date, uptime = ba.clock and ba.clock(),
    tracelogger = os.getenv and os.getenv "BA_LUA_TRACELOGGER"}
  for name, value in pairs(told) do
    print(name .. "=" .. tostring(value))
  end
end

if request:method() ~= "POST" or not is_secret(request:header "X-Ba-Lua-Secret") then
  response:senderror(404)
else
  local what, session = request:header "X-Ba-Lua", session_of(request:header "X-Ba-Lua-Session" or "")
  if what == "run" then
    run_cell(session)
  elseif what == "stop" and session.run then
    session.run.stopped = true
    print(session.run.ended and "idle" or "stopping")
  else
    about()
  end
end
?>

-- A progress bar: an output that is shown again as the work goes on, and is one line of text when it is done, so that a
-- saved notebook does not keep a picture of something half finished.
--
-- A step of less than a thousandth is shown only if a tenth of a second has passed: a loop may take a million. Whoever
-- shows the outputs sends no more than ten states a second anyway.

local import = ...
local host = import "host"
local check = import "check"
local escape = import "display/escape"
local outputs = import "display/outputs"
local quote = import "inspect/quote"
local userdata = import "userdata"

local select, setmetatable, format, rep, clock = select, setmetatable, string.format, string.rep, host.monotonic
local words = import "console/text".tostring

local UPDATE_S <const> = 0.1
local LEAST <const> = 0.001
local WIDTH <const> = 30 -- characters of the bar in text
local LABEL_BYTES <const> = 100

local progress = {}

local meta = {__name = "progress"}
meta.__index = meta

local bars = setmetatable({}, {__mode = "k"})

local function share(bar)
  local part = bar.done / bar.total
  return part < 0 and 0 or part > 1 and 1 or part
end

local function caption(bar)
  return (bar.label ~= "" and bar.label .. ": " or "") .. words(bar.done) .. " of " .. words(bar.total)
end

local function plain(bar)
  local full = share(bar) * WIDTH // 1 | 0
  return format("[%s%s] %s", rep("#", full), rep(".", WIDTH - full), caption(bar))
end

-- Only what survives in a notebook that is not trusted: no `<progress>`, no styles beyond the element's own.
local function html(bar)
  return format(
    '<div style="display:flex;align-items:center"><div style="width:240px;height:12px;border:1px solid gray">'
      .. '<div style="width:%.1f%%;height:12px;background:var(--jp-brand-color1,steelblue)"></div></div>'
      .. '<div style="margin-left:8px">%s</div></div>',
    share(bar) * 100,
    escape(caption(bar))
  )
end

local function show(bar)
  if bar.over then
    return
  elseif bar.done >= bar.total then
    bar.over = true
    return outputs.update(bar.output, {"text/plain", caption(bar)})
  end
  local now, part = clock(), share(bar)
  if now - bar.shown_at >= UPDATE_S or part - bar.shown >= LEAST or part < bar.shown then
    bar.shown_at, bar.shown = now, part
    outputs.update(bar.output, {"text/html", html(bar), "text/plain", plain(bar)})
  end
end

-- progress(total [, label]) → bar
function progress.new(...)
  local total, label = ...
  local n = select("#", ...)
  total = check.number(1, total, n)
  if not (total > 0 and total < 1 / 0) then
    check.fail(1, "total must be a positive number")
  end
  label = label ~= nil and quote.cut(check.string(2, label, n), LABEL_BYTES) or ""
  local bar = {total = total, label = label, done = 0, shown = 0, shown_at = clock(), over = false}
  bar.output = outputs.new {"text/html", html(bar), "text/plain", plain(bar)}
  local u = userdata.new(meta)
  bars[u], outputs.numbers[u] = bar, bar.output
  return u
end

-- bar:set(n): so much is done; from `total` on, all of it
function meta.set(...)
  local self, done = ...
  local n = select("#", ...)
  local bar = bars[self] or check.expected(1, "progress", self, n)
  done = check.number(2, done, n)
  if done ~= done then
    check.fail(2, "not a number")
  end
  bar.done = done
  show(bar)
end

-- bar:step([n]): so much more is done, 1 by default
function meta.step(...)
  local self, more = ...
  local n = select("#", ...)
  local bar = bars[self] or check.expected(1, "progress", self, n)
  more = more == nil and 1 or check.number(2, more, n)
  if more ~= more then
    check.fail(2, "not a number")
  end
  bar.done = bar.done + more
  show(bar)
end

-- bar:close(): what is done stays as a line of text
function meta.close(...)
  local bar = bars[...] or check.expected(1, "progress", (...), select("#", ...))
  if not bar.over then
    bar.over = true
    outputs.update(bar.output, {"text/plain", caption(bar)})
  end
end

function meta.__close(self)
  meta.close(self)
end

return progress

-- LSP pages: text with `<?lsp code ?>` and `<?lsp=expression?>`, made into Lua.
--
-- A page becomes one chunk. Its text is written by `_emit "…";`, in which a newline is a backslash and a newline, so
-- that every line of the chunk is the line of the page with the same number, and errors tell the right one. Where a
-- line of code ends in a comment, the text behind it needs a line of its own; as many newlines of the text are then
-- written as `\n`, until the numbers are right again.
--
-- The newline behind `?>` is not part of the text, as documented.

local import = ...
local ours = import "ours"

local G = _G
local find, sub, gsub, format, match, byte = string.find, string.sub, string.gsub, string.format, string.match,
  string.byte
local concat, load, pcall = table.concat, load, pcall

local lsp = {}

-- What a page has besides its environment. `_ENV` first: what follows then reads its globals from it.
local PARAMETERS = "local _ENV,pathname,io,page,app,dir,relpath=...;"

local OPEN, CLOSE = "<?lsp", "?>"

local function line_of(text, at)
  local _, newlines = gsub(sub(text, 1, at - 1), "\n", "")
  return newlines + 1
end

local function escape(c)
  return format("\\%03d", byte(c))
end

-- Returns a statement that writes `text`; the first `owed` newlines take no line. And how many are still owed.
local function emit(text, owed)
  local quoted = gsub(text, '[%c"\\]', function(c)
    if c ~= "\n" then
      return escape(c)
    elseif owed > 0 then
      owed = owed - 1
      return "\\n"
    end
    return "\\\n"
  end)
  return '_emit"' .. quoted .. '";', owed
end

-- Finds the next tag: where it begins, where its content begins, and whether it is an expression.
local function next_tag(text, at)
  local first, last = find(text, OPEN, at, true)
  while first do
    local following = sub(text, last + 1, last + 1)
    if following == "=" then
      return first, last + 2, true
    elseif following == "" or find(following, "%s") then
      return first, last + 1, false
    end
    first, last = find(text, OPEN, last + 1, true) -- <?lsproduct, or so
  end
end

-- Returns a page's text as Lua, or nil, a message and a line.
function lsp.translate(text)
  local out, at, owed = {PARAMETERS}, 1, 0
  local function add(piece)
    out[#out + 1] = piece
  end
  while true do
    local first, content, is_expression = next_tag(text, at)
    local plain = sub(text, at, (first or #text + 1) - 1)
    if plain ~= "" then
      local statement
      statement, owed = emit(plain, owed)
      add(statement)
    end
    if not first then
      return concat(out)
    end
    local close, last = find(text, CLOSE, content, true)
    if not close then
      return nil, "'<?lsp' without '?>'", line_of(text, first)
    end
    local code = sub(text, content, close - 1)
    at = last + 1
    local newline = match(text, "^\r?\n", at)
    at = at + #(newline or "")
    add(is_expression and "_emit(" .. code or code)
    if find(code, "--", match(code, "^.*\n()") or 1, true) then -- in its last line
      add "\n"
      owed = owed + (newline and 0 or 1)
      newline = nil
    end
    add(is_expression and ");" or " ")
    if newline and owed > 0 then
      owed = owed - 1
    elseif newline then
      add "\n"
    end
  end
end

-- Returns a page's chunk, to be called with an environment and what PARAMETERS names; or nil and a message.
function lsp.compile(text, name)
  if sub(text, 1, 3) == "\xEF\xBB\xBF" then
    text = sub(text, 4)
  end
  local source, problem, line = lsp.translate(text)
  if not source then
    return nil, format("%s:%d: %s", name, line, problem)
  end
  local _, chunk, trouble = pcall(load, source, ours.not_ours("=" .. name), "t", G) -- as in tasks/cell.lua
  return chunk, trouble
end

return lsp

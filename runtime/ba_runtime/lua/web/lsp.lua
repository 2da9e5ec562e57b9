-- LSP pages: text with `<?lsp code ?>` and `<?lsp=expression?>`, made into Lua.
--
-- A page becomes one chunk. Its text is written by `_emit "…";`, in which a newline is a backslash and a newline, so
-- that every line of the chunk is the line of the page with the same number, and errors tell the right one.
--
-- The server writes `_emit [[…]]` behind the code, on the same line. So where code ends in a comment, the comment goes
-- on there: it takes the beginning of the text, and the rest is read as code, which is an error nearly always. That is
-- done here too, for the page would not run on a device; and a hint says what it is.
--
-- The newline behind `?>` is not part of the text, as documented.

local import = ...
local ours = import "ours"

local G = _G
local find, sub, gsub, format, match, byte =
  string.find, string.sub, string.gsub, string.format, string.match, string.byte
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

-- Returns a statement that writes `text`.
local function emit(text)
  return '_emit"' .. gsub(text, '[%c"\\]', function(c)
    return c == "\n" and "\\\n" or escape(c)
  end) .. '";'
end

-- Returns such a statement as the server writes it; its first newline is not part of the text.
local function emit_brackets(text, newline)
  local level = ""
  while find(text .. "]", "]" .. level .. "]", 1, true) do
    level = level .. "="
  end
  return "_emit[" .. level .. "[" .. newline .. text .. "]" .. level .. "];"
end

-- Finds the next tag: where it begins, where its content begins, and whether it is an expression.
local function next_tag(text, at)
  local first, last = find(text, OPEN, at, true)
  if first then
    local is_expression = sub(text, last + 1, last + 1) == "="
    return first, is_expression and last + 2 or last + 1, is_expression
  end
end

-- Tells whether code may end in a comment: what looks like one may still be in a string.
local function may_end_in_comment(code)
  return find(code, "--", match(code, "^.*\n()") or 1, true) ~= nil
end

-- Returns a page's text as Lua, nil, and whether some of it may be in a comment; or nil, a message and a line.
function lsp.translate(text)
  local out, at, comment, suspect = {PARAMETERS}, 1, false, false
  local newline = "" -- behind the tag before
  while true do
    local first, content, is_expression = next_tag(text, at)
    local plain = sub(text, at, (first or #text + 1) - 1)
    if comment and plain ~= "" and not find(plain, "[\0\r]") then
      out[#out + 1] = emit_brackets(plain, newline)
    else
      out[#out + 1] = newline .. (plain ~= "" and emit(plain) or "")
    end
    if not first then
      return concat(out), nil, suspect
    end
    local close, last = find(text, CLOSE, content, true)
    if not close then
      return nil, "'<?lsp' without '?>'", line_of(text, first)
    end
    local code = sub(text, content, close - 1)
    comment = may_end_in_comment(code)
    suspect = suspect or comment
    out[#out + 1] = is_expression and "_emit(" .. code .. ");" or code .. " "
    local break_of_line = match(text, "^\r?\n", last + 1) or ""
    at, newline = last + 1 + #break_of_line, break_of_line ~= "" and "\n" or ""
  end
end

lsp.COMMENT = "a comment before `?>` also hides the text behind it, on a device too: put `?>` on a line of its own"

-- Returns a page's chunk, to be called with an environment and what PARAMETERS names; or nil, a message, and advice if
-- there is any.
function lsp.compile(text, name)
  if sub(text, 1, 3) == "\xEF\xBB\xBF" then
    text = sub(text, 4)
  end
  local source, problem, where = lsp.translate(text)
  if not source then
    return nil, format("%s:%d: %s", name, where, problem)
  end
  local _, chunk, trouble = pcall(load, source, ours.not_ours("=" .. name), "t", G) -- as in tasks/cell.lua
  return chunk, trouble, not chunk and where and lsp.COMMENT or nil
end

return lsp

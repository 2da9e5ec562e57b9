-- LuaSocket's way with errors: `try` raises what a call has returned, `protect` returns it again.

local pcall, error, setmetatable, getmetatable, select = pcall, error, setmetatable, getmetatable, select
local tostring, type = tostring, type

-- What `try` raises: a table around the reason, so that `protect` knows it from a program's own errors.
local meta = {
  __tostring = function(raised)
    return tostring(raised[1])
  end,
}

local protect = {}

local function finish(finalizer, ...)
  local first, reason = ...
  if first then
    return ...
  end
  if finalizer then
    pcall(finalizer)
  end
  error(setmetatable({reason}, meta), 0)
end

-- newtry(finalizer) → a `try` that calls the finalizer before it raises
function protect.newtry(finalizer)
  return function(...)
    return finish(finalizer, ...)
  end
end

-- try(...) → the same, or raises the second value where the first is nil or false
function protect.try(...)
  return finish(nil, ...)
end

local function outcome(ok, ...)
  if ok then
    return ...
  end
  local raised = ...
  if type(raised) == "table" and getmetatable(raised) == meta then
    return nil, raised[1]
  end
  error(raised, 0)
end

-- protect(f) → f with what `try` raises in it as nil and the reason; other errors stay errors
function protect.protect(f)
  return function(...)
    return outcome(pcall(f, ...))
  end
end

-- skip(n, ...) → what comes behind the first n
function protect.skip(n, ...)
  return select(n + 1, ...)
end

return protect

-- Looks for what programs must never get hold of: Python's objects, and the runtime's own tables.
--
-- `look(value, way)` walks from a value through tables, metatables, upvalues and the stacks of coroutines; what it
-- finds is kept, with the way to it. `report()` traces that.

do
  local seen, found, todo = {}, {}, {}
  local own = {} -- names that only the runtime's own tables have
  for name in ("udp_open hook_learn tcp_listen cell_done handlers THROW with_sender"):gmatch "[%w_]+" do
    own[name] = true
  end
  seen[seen], seen[found], seen[todo], seen[own] = true, true, true, true
  local WALKED = {table = true, ["function"] = true, userdata = true, thread = true}
  local function note(what)
    found[#found + 1] = what
  end
  local function one(value, way)
    local kind = type(value)
    if not WALKED[kind] or seen[value] then
      return
    end
    seen[value] = true
    local add = function(v, step)
      if v ~= nil then
        todo[#todo + 1] = {v, way .. step}
      end
    end
    if kind == "userdata" then
      local ok, text = pcall(tostring, value)
      if not ok or text:find " object at 0x" or text:find "^<" or text:find "Error" then
        note(way .. " is " .. tostring(text))
      end
      if pcall(value) then
        note(way .. " can be called")
      end
      local has, class = pcall(function() return value.__class__ end)
      if has and class ~= nil then
        note(way .. " has a class")
      end
    end
    add(getmetatable(value), " metatable")
    add(debug.getmetatable(value), " debug metatable")
    if kind == "table" then
      for k, v in next, value do
        if own[k] then
          note(way .. " has " .. tostring(k))
        end
        add(k, " key")
        add(v, "." .. tostring(k))
      end
    elseif kind == "function" then
      for i = 1, 255 do
        local name, v = debug.getupvalue(value, i)
        if not name then
          break
        end
        add(v, " upvalue " .. name)
      end
      for k, v in pairs(debug.getinfo(value)) do
        add(v, " info." .. k)
      end
    elseif kind == "thread" then
      for level = 0, 20 do
        local info = debug.getinfo(value, level)
        if not info then
          break
        end
        for k, v in pairs(info) do
          add(v, " info." .. k)
        end
        for i = -20, 200 do
          local name, v = debug.getlocal(value, level, i)
          if name then
            add(v, " local " .. name)
          end
        end
      end
      add(debug.gethook(value), " hook")
    end
  end
  function look(value, way)
    todo[#todo + 1] = {value, way or "value"}
    while #todo > 0 do
      local entry = table.remove(todo)
      one(entry[1], entry[2])
    end
  end
  function report()
    for i = 1, math.min(#found, 20) do
      trace(found[i])
    end
  end
end

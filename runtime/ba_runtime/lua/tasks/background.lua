-- What goes on in the background: cosockets, thread jobs, pages, folders that are served. Whoever ends a program waits
-- until there is none.

local background = {}
local count, waiting = 0, {}

-- Counts by +1 and -1.
function background.count(change)
  count = count + change
  if count == 0 then
    for i = #waiting, 1, -1 do
      waiting[i]()
      waiting[i] = nil
    end
  end
end

-- Calls f once nothing is left.
function background.when_idle(f)
  if count == 0 then
    return f()
  end
  waiting[#waiting + 1] = f
end

return background

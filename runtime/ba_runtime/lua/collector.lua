-- When Lua's collector comes.
--
-- By itself Lua begins a cycle once its heap has doubled. For a small heap that is much too soon: a program of 600 KB
-- that receives a transfer has all its objects marked after every 80 reads (measured: a seventh of the time), and one
-- that makes coroutines after every 700 of them (a third). So a small heap may grow fourfold, which is a few
-- megabytes, and where a program waits each cycle takes HEADROOM_KB longer than Lua would have it.
--
-- A weak table tells that a cycle has got as far as to sweep, and the scheduler looks between two polls. A finalizer
-- would tell too, but hooks do not count in there, and where they are all that can interrupt, that must not be often.
--
-- A program that has set the pause has its way.

local collectgarbage = collectgarbage

local HEADROOM_KB <const> = 4096
local SMALL_KB <const> = 32 * 1024
local SMALL_PAUSE <const>, LARGE_PAUSE <const> = 400, 200 -- the latter is Lua's own

local ours = SMALL_PAUSE -- what was set here last
collectgarbage("setpause", ours)

local collector = {
  probe = setmetatable({}, {__mode = "v"}), -- empty when a cycle has begun to sweep, and nobody has looked yet
}

-- Puts the collector off, once in each cycle.
function collector.put_off()
  local size_kb = collectgarbage "count"
  if not size_kb then -- this is the loop of a finalizer that waits, and the collector takes no orders
    return
  end
  local wanted = size_kb < SMALL_KB and SMALL_PAUSE or LARGE_PAUSE
  local pause = collectgarbage("setpause", wanted)
  collector.probe[1] = {}
  if pause == ours then
    ours = wanted
    collectgarbage("step", -HEADROOM_KB) -- which counts as so much memory given back
  else
    collectgarbage("setpause", pause)
  end
end

return collector

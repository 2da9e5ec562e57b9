-- What objects cost beyond what Lua counts for them, told to its collector.
--
-- Objects with finalizers take three collections to go, and until then stand in tables of ours and of lupa's, which
-- never shrink while they are filled. So with many made and dropped the collector would come later and later, and
-- memory grow without end (measured: 100 MB after 250,000 connections). This makes it come sooner.

local collectgarbage = collectgarbage

-- Returns a function to call for each object of a kind that costs `kb` more; the collector hears of `together` at a
-- time.
return function(kb, together)
  local made = 0
  return function()
    made = made + 1
    if made >= together then
      made = 0
      if collectgarbage "isrunning" then
        collectgarbage("step", together * kb)
      end
    end
  end
end

-- What programs want to do when the runtime ends: `onunload` of applications, `mako.onexit`.
--
-- Each function is a task of its own, so one may fail or wait without keeping the others from theirs. How long all of
-- them may take is for Python to say, which asks for them before it closes (`_loop.py`).

local import = ...
local host = import "host"
local keepers = import "tasks/keepers"
local sched = import "tasks/sched"
local report = import "tasks/report"

local remove = table.remove

local farewell = {}

local wishes = keepers.add({}) -- in order: {f, cell}

-- Has f() called at the end, as code of this cell.
function farewell.add(f, cell)
  wishes[#wishes + 1] = {f, cell}
  host.has_farewell()
end

local function over(task)
  local all = task.all
  all.left = all.left - 1
  if all.left == 0 then
    host.reply(all.ticket)
  end
end

local KIND = {
  name = "farewell",
  ended = function(task, ok, problem)
    if not ok then
      report.fault(task, "", problem)
    end
    over(task)
  end,
  yielded = function(task)
    task.over = true
    over(task)
  end,
  abandoned = over,
}

-- Calls all of them, the last that came first, and answers the ticket when they have ended.
function farewell.request(ticket)
  local all = {left = #wishes, ticket = ticket}
  if all.left == 0 then
    return host.reply(ticket)
  end
  while #wishes > 0 do
    local wish = remove(wishes)
    local task = sched.task(KIND, wish[1])
    task.all, task.cell = all, wish[2]
    sched.run(task)
  end
end

return farewell

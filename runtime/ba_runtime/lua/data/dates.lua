-- `ba.encdate` and `ba.parsedate`: the dates of HTTP (RFC 9110 section 5.6.7), which are in English and in GMT.
--
-- Of the three forms only the first is written, and read as it should be. The original takes the year of the
-- second as it stands ("94" is the year 94), and mixes up how C counts years and months in the third: "2023" is
-- the year 123, and November is the tenth month. Programs see these numbers on a device, so they see them here.

local import = ...
local calendar = import "data/calendar"
local check = import "check"

local format, lower, match, sub = string.format, string.lower, string.match, string.sub
local ipairs, select, tonumber = ipairs, select, tonumber

local DAYS = {[0] = "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
local MONTHS = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}
local MONTH_NUMBERS = {}
for number, name in ipairs(MONTHS) do
  MONTH_NUMBERS[lower(name)] = number
end

local DAY_S <const> = 86400
-- What a date of four digits can say: the years 0 to 9999. Other seconds count as the nearest that can be said.
local FIRST_S <const> = -62167219200
local LAST_S <const> = 253402300799

local dates = {}

-- encdate(seconds since 1970): "Tue, 14 Nov 2023 22:13:20 GMT".
function dates.encdate(...)
  local seconds = check.whole(check.number(1, (...), select("#", ...)))
  seconds = seconds < FIRST_S and FIRST_S or seconds > LAST_S and LAST_S or seconds
  local days = seconds // DAY_S
  local year, month, day = calendar.date(days)
  local rest = seconds % DAY_S
  return format("%s, %02d %s %04d %02d:%02d:%02d GMT", DAYS[calendar.weekday(days)], day, MONTHS[month], year,
    rest // 3600, rest // 60 % 60, rest % 60)
end

-- Returns the numbers in a date, all as text but the month; nothing for what is no date. Seconds may be missing.
local function fields(text)
  local day, name, year, hour, minute, second =
    match(text, "^%s*%a+,%s*(%d%d?) (%a+) (%d%d%d%d) (%d%d):(%d%d):?(%d?%d?)")
  if day then
    return year, MONTH_NUMBERS[lower(name)], day, hour, minute, second
  end
  day, name, year, hour, minute, second = match(text, "^%s*%a+,%s*(%d%d?)-(%a+)-(%d%d) (%d%d):(%d%d):?(%d?%d?)")
  if day then
    return year, MONTH_NUMBERS[lower(name)], day, hour, minute, second
  end
  name, day, hour, minute, second, year = match(text, "^%s*%a+ (%a+) +(%d%d?) (%d%d):(%d%d):(%d%d) (%d%d%d%d)")
  if name and MONTH_NUMBERS[lower(name)] then
    return year - 1900, MONTH_NUMBERS[lower(name)] - 1, day, hour, minute, second
  end
end

-- parsedate(text): seconds since 1970, 0 for what is no date.
function dates.parsedate(...)
  local text = check.string(1, (...), select("#", ...))
  local year, month, day, hour, minute, second = fields(sub(text, 1, 100))
  if not month then
    return 0
  end
  year, day, hour, minute, second =
    tonumber(year), tonumber(day), tonumber(hour), tonumber(minute), tonumber(second) or 0
  -- The month may be 0 here, by the third form.
  local days = calendar.days(year, month, day)
  if day < 1 or days >= calendar.days(year, month + 1, 1) or hour > 23 or minute > 59 or second > 60 then
    return 0
  end
  return days * DAY_S + hour * 3600 + minute * 60 + second
end

return dates

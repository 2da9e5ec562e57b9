-- `ba.datetime`: points in time with nanoseconds, and an offset from UTC to show them at.
--
-- Documented facts: how an object is made, "Invalid datetime range", the names of the methods, + and - and the
-- comparisons. Our reading: offsets are minutes; years go from 1 to 9999; two objects are equal when they are the
-- same moment, whatever their offsets; a text is written with no, three, six or nine digits of a fraction, and
-- read in the forms of ISO 8601 that RFC 3339 keeps, where the time or the offset may also be missing (midnight, and
-- UTC); ticks returns seconds, nanoseconds and the offset; an operation whose result cannot be said raises.

local import = ...
local calendar = import "data/calendar"
local check = import "check"
local host = import "host"
local userdata = import "userdata"

local rawget, select, setmetatable, tonumber, type = rawget, select, setmetatable, tonumber, type
local format, match, sub, rep, upper = string.format, string.match, string.sub, string.rep, string.upper
local ult = math.ult

local NAME <const> = "BADATETIME"
local OUT_OF_RANGE <const> = "Invalid datetime range"

local DAY_S <const> = 86400
local SECOND_NS <const> = 1000000000
-- 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
local FIRST_S <const> = -62135596800
local LAST_S <const> = 253402300799
-- 23:59, in minutes.
local MAX_OFFSET <const> = 1439
-- The difference between two objects must fit into 63 bits of nanoseconds: about 292 years.
local MAX_DIFFERENCE_S <const> = 9223372036

-- What a duration may have of anything: more leads out of the range, and much more out of 64 bits.
local MAX_COUNT <const> = 1000000000000

local datetime = {}

local moments = setmetatable({}, {__mode = "k"}) -- by object: sec, nsec and offset
local Methods = {}
local Meta = {__name = NAME, __index = Methods}

-- Returns an object, or nil and why there is no such moment.
local function new(sec, nsec, offset)
  local shown = sec + offset * 60
  if sec < FIRST_S or sec > LAST_S or shown < FIRST_S or shown > LAST_S
    or nsec < 0 or nsec >= SECOND_NS or offset < -MAX_OFFSET or offset > MAX_OFFSET then
    return nil, OUT_OF_RANGE
  end
  local u = userdata.new(Meta)
  moments[u] = {sec = sec, nsec = nsec, offset = offset}
  return u
end

-- As `new`, from what a calendar and a clock show at the offset.
local function from_fields(year, month, day, hour, minute, second, nsec, offset)
  -- The comparison as unsigned numbers finds the negative ones too.
  if year < 1 or year > 9999 or not calendar.is_date(year, month, day) or not ult(hour, 24) or not ult(minute, 60)
    or not ult(second, 60) or not ult(offset + MAX_OFFSET, 2 * MAX_OFFSET + 1) then
    return nil, OUT_OF_RANGE
  end
  local sec = calendar.days(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second
  return new(sec - offset * 60, nsec, offset)
end

-- ---------------------------------------------------------------- text

-- Returns the minutes that an offset stands for, nil for what is none.
local function read_offset(text)
  if text == "" or upper(text) == "Z" then
    return 0
  end
  local sign, hours, minutes = match(text, "^([+-])(%d%d):?(%d%d)$")
  if not sign then
    sign, hours = match(text, "^([+-])(%d%d)$")
    minutes = 0
  end
  if not sign or tonumber(hours) > 23 or tonumber(minutes) > 59 then
    return nil
  end
  return (sign == "-" and -1 or 1) * (tonumber(hours) * 60 + tonumber(minutes))
end

local function from_text(text)
  local year, month, day, rest = match(text, "^(%d%d%d%d)%-(%d%d)%-(%d%d)(.*)$")
  local hour, minute, second, fraction = 0, 0, 0, ""
  if year and rest ~= "" then
    local zone
    hour, minute, second, zone = match(rest, "^[Tt ](%d%d):(%d%d):(%d%d)(.*)$")
    if zone and sub(zone, 1, 1) == "." then
      fraction, zone = match(zone, "^%.(%d+)(.*)$")
    end
    rest = zone
  end
  local offset = year and rest and read_offset(rest)
  if not offset then
    return nil, OUT_OF_RANGE
  end
  local nsec = tonumber(sub(fraction .. rep("0", 9), 1, 9))
  return from_fields(tonumber(year), tonumber(month), tonumber(day), tonumber(hour), tonumber(minute),
    tonumber(second), nsec, offset)
end

local function to_text(moment, offset)
  local shown = moment.sec + offset * 60
  local year, month, day = calendar.date(shown // DAY_S)
  local clock, nsec = shown % DAY_S, moment.nsec
  local fraction = nsec == 0 and "" or nsec % 1000000 == 0 and format(".%03d", nsec // 1000000)
    or nsec % 1000 == 0 and format(".%06d", nsec // 1000) or format(".%09d", nsec)
  local minutes = offset < 0 and -offset or offset
  local zone = offset == 0 and "Z" or format("%s%02d:%02d", offset < 0 and "-" or "+", minutes // 60, minutes % 60)
  return format("%04d-%02d-%02dT%02d:%02d:%02d%s%s", year, month, day, clock // 3600, clock // 60 % 60, clock % 60,
    fraction, zone)
end

-- ---------------------------------------------------------------- tables

-- Returns an integer field of a table, which may be missing when there is a default.
local function field(fields, name, default)
  local value = rawget(fields, name)
  if value == nil and default then
    return default
  end
  local number = tonumber(value)
  number = number and check.rounded(number)
  if not number then
    check.raise_outside(format("field '%s' %s in date table", name, value == nil and "missing" or "is not an integer"))
  end
  return number
end

local function from_table(fields)
  return from_fields(field(fields, "year"), field(fields, "month"), field(fields, "day"), field(fields, "hour", 0),
    field(fields, "min", 0), field(fields, "sec", 0), field(fields, "nsec", 0), field(fields, "offset", 0))
end

-- datetime(): now. datetime(text | table | seconds [, nanoseconds [, offset]]): that moment, or nil and the reason.
function datetime.new(...)
  local count, value, nsec, offset = select("#", ...), ...
  if value == nil or (type(value) == "string" and upper(value) == "NOW") then
    local now = host.time_ns()
    return new(now // SECOND_NS, now % SECOND_NS, 0)
  elseif type(value) == "string" then
    return from_text(value)
  elseif type(value) == "table" then
    return from_table(value)
  elseif moments[value] then
    local moment = moments[value]
    return new(moment.sec, moment.nsec, moment.offset)
  end
  value = check.integer(1, value, count)
  nsec = nsec == nil and 0 or check.integer(2, nsec)
  offset = offset == nil and 0 or check.integer(3, offset)
  if not ult(offset + MAX_OFFSET, 2 * MAX_OFFSET + 1) then
    return nil, OUT_OF_RANGE
  end
  return new(value, nsec, offset)
end

-- ---------------------------------------------------------------- methods

-- Returns the offset that a method was given, or the object's own; nil when it is none.
local function chosen_offset(moment, offset)
  if offset == nil then
    return moment.offset
  end
  local shown = moment.sec + offset * 60
  return ult(offset + MAX_OFFSET, 2 * MAX_OFFSET + 1) and shown >= FIRST_S and shown <= LAST_S and offset or nil
end

-- ticks(): seconds since 1970, nanoseconds, offset.
function Methods:ticks()
  local moment = moments[self] or check.expected(1, NAME, self)
  return moment.sec, moment.nsec, moment.offset
end

-- date([offset]): a table as os.date's "*t", with nsec and offset.
function Methods:date(...)
  local moment = moments[self] or check.expected(1, NAME, self)
  local offset = (...) ~= nil and check.integer(2, (...)) or nil
  offset = chosen_offset(moment, offset)
  if not offset then
    return nil, OUT_OF_RANGE
  end
  local shown = moment.sec + offset * 60
  local days, clock = shown // DAY_S, shown % DAY_S
  local year, month, day = calendar.date(days)
  return {
    year = year, month = month, day = day,
    hour = clock // 3600, min = clock // 60 % 60, sec = clock % 60, nsec = moment.nsec,
    wday = calendar.weekday(days) + 1, yday = days - calendar.days(year, 1, 1) + 1, isdst = false,
    offset = offset,
  }
end

-- tostring([offset]): as ISO 8601.
function Methods:tostring(...)
  local moment = moments[self] or check.expected(1, NAME, self)
  local offset = (...) ~= nil and check.integer(2, (...)) or nil
  offset = chosen_offset(moment, offset)
  if not offset then
    return nil, OUT_OF_RANGE
  end
  return to_text(moment, offset)
end

-- offset([minutes]): the offset, which may be set.
function Methods:offset(...)
  local moment = moments[self] or check.expected(1, NAME, self)
  local offset = (...) ~= nil and check.integer(2, (...)) or nil
  offset = chosen_offset(moment, offset)
  if not offset then
    return nil, OUT_OF_RANGE
  end
  moment.offset = offset
  return offset
end

-- ---------------------------------------------------------------- operators

-- Returns the seconds that a field of a duration stands for.
local function seconds(fields, name, factor)
  local count = field(fields, name, 0)
  if count > MAX_COUNT or count < -MAX_COUNT then
    check.raise_outside(OUT_OF_RANGE)
  end
  return count * factor
end

-- Returns the seconds and nanoseconds that an operand stands for; nil for what is none.
local function duration(value)
  if type(value) == "table" then
    local nsecs = field(value, "nsecs", 0)
    local secs = seconds(value, "days", DAY_S) + seconds(value, "hours", 3600) + seconds(value, "mins", 60)
      + seconds(value, "secs", 1)
    return secs + nsecs // SECOND_NS, nsecs % SECOND_NS
  end
  local nsecs = type(value) == "number" and check.rounded(value)
  if nsecs then
    return nsecs // SECOND_NS, nsecs % SECOND_NS
  end
end

local function moved(u, value, direction)
  local moment = moments[u]
  local sec, nsec = duration(value)
  if not sec then
    check.raise_outside("integer or table expected, got " .. check.typename(value))
  end
  nsec = moment.nsec + direction * nsec
  local result = new(moment.sec + direction * sec + nsec // SECOND_NS, nsec % SECOND_NS, moment.offset)
  return result or check.raise_outside(OUT_OF_RANGE)
end

function Meta.__add(a, b)
  if moments[a] then
    return moved(a, b, 1)
  end
  return moved(b, a, 1)
end

-- datetime - duration: a datetime. datetime - datetime: nanoseconds.
function Meta.__sub(a, b)
  local from, to = moments[b], moments[a]
  if not to then
    check.raise_outside(NAME .. " expected, got " .. check.typename(a))
  elseif not from then
    return moved(a, b, -1)
  end
  local difference = to.sec - from.sec
  if difference >= MAX_DIFFERENCE_S or difference <= -MAX_DIFFERENCE_S then
    check.raise_outside(OUT_OF_RANGE)
  end
  return difference * SECOND_NS + to.nsec - from.nsec
end

-- Returns both moments of a comparison.
local function both(a, b)
  local left, right = moments[a], moments[b]
  if not left or not right then
    check.raise_outside("attempt to compare " .. check.typename(a) .. " with " .. check.typename(b))
  end
  return left, right
end

function Meta.__eq(a, b)
  local left, right = moments[a], moments[b]
  return left and right and left.sec == right.sec and left.nsec == right.nsec or false
end

function Meta.__lt(a, b)
  local left, right = both(a, b)
  return left.sec < right.sec or (left.sec == right.sec and left.nsec < right.nsec)
end

function Meta.__le(a, b)
  local left, right = both(a, b)
  return left.sec < right.sec or (left.sec == right.sec and left.nsec <= right.nsec)
end

function Meta.__tostring(u)
  return to_text(moments[u], moments[u].offset)
end

return datetime

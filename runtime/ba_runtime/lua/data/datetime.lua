-- `ba.datetime`: points in time with nanoseconds, and an offset from UTC to show them at.
--
-- As recorded: a moment may lie anywhere, but has a text only from the year 1 to 9999, at offsets of less than a day;
-- the text of any other is the words "Invalid datetime range". A text is read with all its fields and an offset, and at
-- most nine digits of a fraction; written are the nanoseconds as a plain number behind the point, so that small
-- fractions come back larger, and the trace says so. The fields of a table are UTC. Two objects are equal when they are
-- the same moment, whatever their offsets. Our own: differences of more than 63 bits of nanoseconds raise.

local import = ...
local advice = import "console/advice"
local calendar = import "data/calendar"
local check = import "check"
local host = import "host"
local userdata = import "userdata"

local error, rawget, select, setmetatable, tonumber, type = error, rawget, select, setmetatable, tonumber, type
local format, match, sub, rep = string.format, string.match, string.sub, string.rep
local mathtype, ult = math.type, math.ult

local NAME <const> = "BDTz"
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

-- Nanoseconds from here on are as many as a text can say: all nine digits.
local FULL_NS <const> = 100000000

local datetime = {}

local moments = setmetatable({}, {__mode = "k"}) -- by object: sec, nsec and offset
local Methods = {}
local Meta = {__name = NAME, __index = Methods}

-- Returns an object; nanoseconds of more than a second, or fewer than none, are carried.
local function new(sec, nsec, offset)
  local u = userdata.new(Meta)
  moments[u] = {sec = sec + nsec // SECOND_NS, nsec = nsec % SECOND_NS, offset = offset}
  return u
end

local function is_offset(offset)
  return ult(offset + MAX_OFFSET, 2 * MAX_OFFSET + 1)
end

-- Returns the seconds that a calendar and a clock show; nil for what is no date or time of day.
local function seconds_of(year, month, day, hour, minute, second)
  -- The comparison as unsigned numbers finds the negative ones too.
  if year < 1 or not calendar.is_date(year, month, day) or not ult(hour, 24) or not ult(minute, 60) then
    return nil
  end
  return calendar.days(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second
end

-- ---------------------------------------------------------------- text

-- Returns the minutes that an offset stands for, nil for what is none.
local function read_offset(text)
  if text == "Z" or text == "z" then
    return 0
  end
  local sign, hours, minutes = match(text, "^([+-])(%d%d):(%d%d)$")
  if not sign or tonumber(hours) > 23 or tonumber(minutes) > 59 then
    return nil
  end
  return (sign == "-" and -1 or 1) * (tonumber(hours) * 60 + tonumber(minutes))
end

local NAMED = {
  MIN = function() return new(FIRST_S, 0, 0) end,
  MAX = function() return new(LAST_S, SECOND_NS - 1, 0) end,
  NOW = function() return new(0, host.time_ns(), 0) end,
}

local function from_text(text)
  if NAMED[text] then
    return NAMED[text]()
  end
  local year, month, day, hour, minute, second, rest =
    match(text, "^(%d%d%d%d)%-(%d%d)%-(%d%d)[Tt ](%d%d):(%d%d):(%d%d)(.*)$")
  local fraction, zone = match(rest or "", "^%.(%d+)(.*)$")
  local offset = rest and read_offset(zone or rest)
  if not offset or #(fraction or "") > 9 or tonumber(second) > 59 then
    return nil, OUT_OF_RANGE
  end
  local shown = seconds_of(tonumber(year), tonumber(month), tonumber(day), tonumber(hour), tonumber(minute),
    tonumber(second))
  local sec = shown and shown - offset * 60
  if not sec or sec < FIRST_S or sec > LAST_S then
    return nil, OUT_OF_RANGE
  end
  return new(sec, tonumber(sub((fraction or "") .. rep("0", 9), 1, 9)), offset)
end

local function to_text(moment, offset)
  local shown = moment.sec + offset * 60
  if not is_offset(offset) or shown < FIRST_S or shown > LAST_S then
    return OUT_OF_RANGE
  end
  local year, month, day = calendar.date(shown // DAY_S)
  local clock, nsec = shown % DAY_S, moment.nsec
  if nsec > 0 and nsec < FULL_NS then
    advice.once(
      "datetimes are written without the zeros behind the point, as on the server: 5 ms reads as .5000000, which is"
        .. " half a second; d:ticks() has the nanoseconds"
    )
  end
  local fraction = nsec == 0 and "" or "." .. nsec
  local minutes = offset < 0 and -offset or offset
  local zone = offset == 0 and "Z" or format("%s%02d:%02d", offset < 0 and "-" or "+", minutes // 60, minutes % 60)
  return format("%04d-%02d-%02dT%02d:%02d:%02d%s%s", year, month, day, clock // 3600, clock // 60 % 60, clock % 60,
    fraction, zone)
end

-- ---------------------------------------------------------------- tables

-- Returns an integer field of a table; fractions are rounded down, and numeric strings count.
local function field(fields, name, default)
  local value = rawget(fields, name)
  if value == nil then
    return default
  end
  local number = tonumber(value)
  return number and check.rounded(number)
    or check.raise_outside(format("field '%s' is not an integer", name))
end

local function from_table(fields)
  local second = field(fields, "sec", 0) & 0xFFFFFFFF -- the original reads it as an unsigned number, and any will do
  local sec = seconds_of(field(fields, "year", 1), field(fields, "month", 1), field(fields, "day", 1),
    field(fields, "hour", 0), field(fields, "min", 0), second)
  if not sec then
    return nil, OUT_OF_RANGE
  end
  return new(sec, field(fields, "nsec", 0), field(fields, "offset", 0))
end

-- datetime(): now. datetime(text | table | seconds [, nanoseconds [, offset]]): that moment, or nil and the reason.
function datetime.new(...)
  local count, value, nsec, offset = select("#", ...), ...
  if count == 0 then
    return NAMED.NOW()
  elseif type(value) == "string" then
    return from_text(value)
  elseif type(value) == "table" then
    return from_table(value)
  end
  value = check.integer(1, value, count)
  nsec = nsec == nil and 0 or check.integer(2, nsec)
  offset = offset == nil and 0 or check.integer(3, offset)
  return new(value, nsec, offset)
end

-- ---------------------------------------------------------------- methods

-- ticks(): seconds since 1970, nanoseconds, offset.
function Methods:ticks()
  local moment = moments[self] or check.expected(1, NAME, self)
  return moment.sec, moment.nsec, moment.offset
end

-- date([flag]): a table as os.date's "!*t", with nsec, and the offset beside it. What the flag is for is not known.
function Methods:date(...)
  local moment = moments[self] or check.expected(1, NAME, self)
  local flag = ...
  if flag ~= nil and type(flag) ~= "boolean" then
    check.expected(2, "boolean", flag)
  end
  local days, clock = moment.sec // DAY_S, moment.sec % DAY_S
  local year, month, day = calendar.date(days)
  return {
    year = year, month = month, day = day,
    hour = clock // 3600, min = clock // 60 % 60, sec = clock % 60, nsec = moment.nsec,
    wday = calendar.weekday(days) + 1, yday = days - calendar.days(year, 1, 1) + 1,
    offset = moment.offset,
  }
end

-- tostring([offset]): as ISO 8601. What is no integer is not heard.
function Methods:tostring(...)
  local moment = moments[self] or check.expected(1, NAME, self)
  local offset = ...
  return to_text(moment, mathtype(offset) == "integer" and offset or moment.offset)
end

-- offset([minutes]): the offset, which an integer sets; then the one before.
function Methods:offset(...)
  local moment = moments[self] or check.expected(1, NAME, self)
  local offset, before = (...), moment.offset
  if mathtype(offset) == "integer" then
    if not is_offset(offset) then
      error("Offset range", 2)
    end
    moment.offset = offset
  end
  return before
end

-- ---------------------------------------------------------------- operators

-- Returns the seconds and nanoseconds that a table says.
local function duration(fields)
  local nsecs = field(fields, "nsecs", 0)
  if nsecs <= -SECOND_NS or nsecs >= SECOND_NS then
    check.raise_outside("nsec range")
  end
  return field(fields, "days", 0) * DAY_S + field(fields, "hours", 0) * 3600 + field(fields, "mins", 0) * 60
    + field(fields, "secs", 0), nsecs
end

-- datetime + nanoseconds, or + a table of days, hours, mins, secs and nsecs: a datetime.
function Meta.__add(a, b)
  local moment = moments[a] or check.expected(1, NAME, a)
  if moments[b] then
    error("Invalid op: datetime + datetime", 2)
  end
  local sec, nsec
  if type(b) == "table" then
    sec, nsec = duration(b)
  else
    sec, nsec = 0, check.integer(2, b)
  end
  return new(moment.sec + sec + nsec // SECOND_NS, moment.nsec + nsec % SECOND_NS, moment.offset)
end

-- datetime - the same: a datetime. datetime - an earlier datetime: nanoseconds.
function Meta.__sub(a, b)
  local moment, from = moments[a] or check.expected(1, NAME, a), moments[b]
  if not from then
    local sec, nsec
    if type(b) == "table" then
      sec, nsec = duration(b)
    else
      sec, nsec = 0, check.integer(2, b)
    end
    return new(moment.sec - sec - nsec // SECOND_NS, moment.nsec - nsec % SECOND_NS, moment.offset)
  end
  local difference = moment.sec - from.sec
  if difference < 0 or difference == 0 and moment.nsec < from.nsec then
    error("datetime1 < datetime2", 2)
  elseif difference >= MAX_DIFFERENCE_S then
    error(OUT_OF_RANGE, 2)
  end
  return difference * SECOND_NS + moment.nsec - from.nsec
end

function Meta.__eq(a, b)
  local left, right = moments[a], moments[b]
  return left and right and left.sec == right.sec and left.nsec == right.nsec or false
end

function Meta.__lt(a, b)
  local left, right = moments[a] or check.expected(1, NAME, a), moments[b] or check.expected(2, NAME, b)
  return left.sec < right.sec or (left.sec == right.sec and left.nsec < right.nsec)
end

function Meta.__le(a, b)
  local left, right = moments[a] or check.expected(1, NAME, a), moments[b] or check.expected(2, NAME, b)
  return left.sec < right.sec or (left.sec == right.sec and left.nsec <= right.nsec)
end

function Meta.__tostring(u)
  return to_text(moments[u], moments[u].offset)
end

return datetime

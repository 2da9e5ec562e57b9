-- The Gregorian calendar, extended to all years: days since 1970-01-01 from year, month and day, and back.
--
-- The arithmetic counts years from March, so that the day that may be missing is the last (Howard Hinnant,
-- "chrono-Compatible Low-Level Date Algorithms"). Days of a month may be any number; months too, 0 being December
-- of the year before.

local calendar = {}

local DAYS_OF_400_YEARS <const> = 146097
-- From 0000-03-01 to 1970-01-01.
local EPOCH <const> = 719468

function calendar.days(year, month, day)
  year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
  if month <= 2 then
    year = year - 1
  end
  local era, year_of_era = year // 400, year % 400
  local day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
  local day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
  return era * DAYS_OF_400_YEARS + day_of_era - EPOCH
end

-- Returns year, month and day.
function calendar.date(days)
  days = days + EPOCH
  local era, day_of_era = days // DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS
  local year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
  local day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
  local month = (5 * day_of_year + 2) // 153
  local day = day_of_year - (153 * month + 2) // 5 + 1
  month = month < 10 and month + 3 or month - 9
  return era * 400 + year_of_era + (month <= 2 and 1 or 0), month, day
end

-- Tells whether there is such a day.
function calendar.is_date(year, month, day)
  return month >= 1 and month <= 12 and day >= 1
    and calendar.days(year, month, day) < calendar.days(year, month + 1, 1)
end

-- Returns the day of the week, 0 for Sunday: 1970-01-01 was a Thursday.
function calendar.weekday(days)
  return (days + 4) % 7
end

return calendar

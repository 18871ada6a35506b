"""Writes random times as `cftime` and xarray read and write them, for `dates.rs` to compare.

    python make_dates.py --groups 205 --seed 1 > dates_1.txt
    python make_dates.py --groups 205 --seed 2 > dates_2.txt

The versions of the packages are in `requirements.txt`.

Every group is a line `units <calendar> <units>` (fields are parted by tabs) and lines under it:

    number  date  back       date = num2date(number); back = date2num(date), "=" where it is the number again
    xarray  number  date     the same by xarray, to the nanosecond
    convert units number result
                             the number of the same time in other units of the same calendar, by exact fractions

A date is `!` where the package raises an error. A number with a point or an exponent is a float.
"""

import argparse
import random
import sys
import warnings
from fractions import Fraction

import cftime
import numpy as np
import xarray as xr

CALENDARS = [*cftime._cftime._calendars]
UNITS_OF_XARRAY = ["days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds", "Days", "hour"]
MICROSECONDS = cftime._cftime.UNIT_CONVERSION_FACTORS
NANOSECONDS_OF_XARRAY_REACH = 60 * 365 * 86_400 * 10**9


def random_units(rng, calendar):
    names = [name for name in MICROSECONDS if "month" not in name and "year" not in name]
    if calendar == "360_day":
        names += ["month", "months"]
    if calendar in ("noleap", "365_day"):
        names += ["common_year", "common_years"]
    name = rng.choice(names)
    return rng.choice([name, name, name.upper(), name.capitalize()])


def random_reference(rng, calendar):
    year = rng.choice([rng.randint(1, 3000), rng.randint(1700, 2200), rng.randint(1500, 1600), rng.randint(-5000, 5000)])
    if calendar == "tai":
        year = rng.randint(1958, 2200)
    month, day = rng.randint(1, 12), rng.choice([1, rng.randint(1, 28), rng.randint(1, 31)])
    sign = "-" if year < 0 else rng.choice(["", "", "", "+"])
    date = rng.choice(["{}{}-{}-{}", "{}{:04}-{:02}-{:02}"]).format(sign, abs(year), month, day)
    if rng.random() < 0.3:
        return date
    clock = rng.choice(["{}:{}", "{:02}:{:02}"]).format(rng.randint(0, 23), rng.randint(0, 59))
    if rng.random() < 0.7:
        clock += rng.choice([":{}", ":{:02}"]).format(rng.randint(0, 59))
        # cftime takes a few fractions a microsecond too small; these it reads as they are written.
        clock += rng.choice(["", "", ".0", ".5", ".25", ".000001", ".125", ".999999"])
    zones = ["", "", "Z", " Z", "+01:00", " +01:00", "-0930", " -11", " +05:45", " UTC"]
    return date + rng.choice("T  ") + clock + ("" if calendar == "tai" else rng.choice(zones))


def random_number(rng, factor, nanoseconds=5000 * 365 * 86_400 * 10**9):
    """A number of units of `factor` microseconds; most mean less than so many nanoseconds."""
    reach = int(nanoseconds / 1000 / factor)
    if nanoseconds != NANOSECONDS_OF_XARRAY_REACH and rng.random() < 0.002:
        reach = 2**63 // factor
    size = rng.choice([reach, rng.randint(1, reach), min(reach, 10 ** rng.randint(1, 6))])
    kind = rng.random()
    if kind < 0.4:
        return rng.randint(-size, size)
    if kind < 0.8:
        return rng.uniform(-size, size)
    # Fractions that people write: halves, hours of days, seconds of hours, decimals.
    parts = rng.choice([2, 8, 24, 60, 1440, 3600, 86400, 10, 1000, 10**6])
    return float(rng.randint(-size, size) + rng.randint(0, parts) / parts)


def text(number):
    return repr(float(number)) if isinstance(number, float) else str(int(number))


def attempt(function, *arguments, **options):
    try:
        return function(*arguments, **options)
    except (ValueError, OverflowError, TypeError, KeyError):
        return None


def decoded(number, units, calendar):
    date = attempt(cftime.num2date, number, units, calendar)
    if date is None:
        return f"{text(number)}\t!\t="
    back = attempt(cftime.date2num, date, units, calendar)
    if back is None:
        return f"{text(number)}\t{date.isoformat()}\t!"
    back = text(float(back) if isinstance(back, (float, np.floating)) else int(back))
    return f"{text(number)}\t{date.isoformat()}\t{'=' if back == text(number) else back}"


def by_xarray(number, units, calendar):
    decode = xr.coding.times.decode_cf_datetime
    value = decode(np.array([number]), units, calendar, use_cftime=False)
    return f"xarray\t{text(number)}\t{np.datetime_as_string(value.astype('datetime64[ns]'))[0]}"


def xarray_group(rng):
    """Times of the years that nanoseconds since 1970 reach; xarray reads fewer spellings than `cftime`."""
    calendar, unit = rng.choice(["standard", "gregorian", "proleptic_gregorian"]), rng.choice(UNITS_OF_XARRAY)
    units = f"{unit} since {rng.randint(1750, 2190)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    units += rng.choice(["", " 06:30:00", "T23:59:59.5", " 12", " 15:15:42.5 -6:00", "  01:02:03 +05:30"])
    yield f"units\t{calendar}\t{units}"
    factor = 1 if unit == "nanoseconds" else MICROSECONDS[unit.lower()] * 1000
    for _ in range(4):
        number = random_number(rng, factor / 1000, NANOSECONDS_OF_XARRAY_REACH)
        yield by_xarray(number, units, calendar)


def microseconds(units, calendar):
    """The reference date in microseconds since day 0 of its calendar, and those of one unit."""
    date = cftime.num2date(0, units, calendar)
    days = date.toordinal() * 86400 + date.hour * 3600 + date.minute * 60 + date.second
    return days * 1_000_000 + date.microsecond, MICROSECONDS[units.split()[0].lower()]


def converted(number, units, other, calendar):
    (start, factor), (other_start, other_factor) = microseconds(units, calendar), microseconds(other, calendar)
    exact = (Fraction(number) * factor + start - other_start) / other_factor
    whole = exact.denominator == 1 and isinstance(number, int)
    if whole and not -(2**63) <= exact < 2**63:
        return None
    return f"convert\t{other}\t{text(number)}\t{int(exact) if whole else repr(float(exact))}"


def group(rng):
    calendar = rng.choice(CALENDARS)
    units = f"{random_units(rng, calendar)} since {random_reference(rng, calendar)}"
    yield f"units\t{calendar}\t{units}"
    factor = MICROSECONDS[units.split()[0].lower()]
    numbers = [random_number(rng, factor) for _ in range(7)]
    for number in numbers:
        yield decoded(number, units, calendar)
    other = f"{random_units(rng, calendar)} since {random_reference(rng, calendar)}"
    if attempt(microseconds, units, calendar) and attempt(microseconds, other, calendar):
        yield from filter(None, (converted(number, units, other, calendar) for number in numbers[:2]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--groups", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    rng = random.Random(arguments.seed)
    for _ in range(arguments.groups):
        chosen = xarray_group if rng.random() < 0.15 else group
        sys.stdout.writelines(line + "\n" for line in chosen(rng))


main()

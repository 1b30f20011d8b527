"""Dates and times from texts and numbers."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from typing import Any, Optional, Union

__all__ = ["parse_date", "parse_datetime"]

_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})$")
_TIME = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6})\d{0,6})?)?(Z|[+-]\d{2}(?::?\d{2})?)?$"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
#: Numbers beyond this are milliseconds: the year 2603 in seconds.
_MILLISECONDS = 2e10
_BEYOND = 3e20


def _number(value: Any, wanted: str) -> "Optional[Union[int, float]]":
    if isinstance(value, (int, float)):
        return value
    try:
        return float(value)
    except ValueError:
        return None
    except TypeError:
        raise TypeError(f"invalid type; expected {wanted}, string, bytes, int or float") from None


def _of_number(number: "Union[int, float]") -> datetime:
    if number > _BEYOND:
        return datetime.max
    if number < -_BEYOND:
        return datetime.min
    while abs(number) > _MILLISECONDS:
        number /= 1000
    return _EPOCH + timedelta(seconds=number)


def _zone(text: Optional[str]) -> Optional[timezone]:
    if text is None:
        return None
    if text == "Z":
        return timezone.utc
    minutes = 60 * int(text[1:3]) + (int(text[-2:]) if len(text) > 3 else 0)
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def parse_datetime(value: Any) -> datetime:
    """A point in time from ISO 8601, or from seconds (or milliseconds) since 1970.

    Raises :class:`ValueError` for any other text, :class:`TypeError` for anything else.
    """
    if isinstance(value, datetime):
        return value
    number = _number(value, "datetime")
    if number is not None:
        return _of_number(number)
    text = value.decode() if isinstance(value, bytes) else value
    parts = _TIME.match(text)
    if parts is None:
        raise ValueError("invalid datetime format")
    try:
        year, month, day, hour, minute = (int(part) for part in parts.group(1, 2, 3, 4, 5))
        second, fraction = int(parts[6] or 0), int((parts[7] or "0").ljust(6, "0"))
        return datetime(year, month, day, hour, minute, second, fraction, _zone(parts[8]))
    except ValueError:
        raise ValueError("invalid datetime format") from None


def parse_date(value: Any) -> date:
    """A day from ISO 8601, or from seconds (or milliseconds) since 1970.

    Raises :class:`ValueError` for any other text, :class:`TypeError` for anything else.
    """
    if isinstance(value, date):
        return value.date() if isinstance(value, datetime) else value
    number = _number(value, "date")
    if number is not None:
        return _of_number(number).date()
    parts = _DATE.match(value.decode() if isinstance(value, bytes) else value)
    if parts is None:
        raise ValueError("invalid date format")
    try:
        return date(*(int(part) for part in parts.groups()))
    except ValueError:
        raise ValueError("invalid date format") from None

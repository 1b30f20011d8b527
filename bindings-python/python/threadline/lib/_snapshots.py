"""Data of a runner's own: what came from outside is read once, and what is done later follows from what was read."""

from __future__ import annotations

import datetime
import math
from typing import Any, Dict, Iterable, List, Optional, Tuple

from .._models import BaseModel
from .._types import NotGiven, Omit

__all__ = ["Invalid", "is_left_out", "json_data", "members", "owned", "plain", "wire"]

_SCALARS = (str, int, float, bool, type(None))


class Invalid(Exception):
    """Something is not as it must be. Has no text, as the text would have to say what was found."""


def is_left_out(value: Any) -> bool:
    """Whether a value stands for no value."""
    return isinstance(value, (Omit, NotGiven))


def _scalar(value: Any) -> Any:
    """A scalar without what a subclass may have added."""
    if isinstance(value, str):
        return str.__str__(value) if type(value) is str else str.__getitem__(value, slice(None))
    return value


def plain(value: Any, *, lenient: bool = False, sent: bool = False) -> Any:
    """A copy of data that came from outside. Models become mappings, iterables lists; dates stay dates.

    Raises :class:`Invalid` for what is no data; ``lenient`` keeps it instead. Of what the server ``sent`` it lacks what is refused in a
    request.
    """
    if isinstance(value, _SCALARS):
        return _scalar(value)
    if isinstance(value, BaseModel):
        return members(value)
    if isinstance(value, dict):
        dropped = _dropped(value.get("type")) if sent else ()
        return {_scalar(name): plain(inner, lenient=lenient, sent=sent) for name, inner in value.items() if name not in dropped}
    if isinstance(value, (list, tuple)):
        return [plain(inner, lenient=lenient, sent=sent) for inner in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return value
    if lenient:
        if hasattr(value, "__iter__") and not isinstance(value, (bytes, bytearray)) and not hasattr(value, "read"):
            return [plain(inner, lenient=lenient) for inner in value]
        return value
    raise Invalid


#: What the server puts into its output and refuses in a request, and what parsing adds: by type of the item; `None` of every one.
_DROPPED: Dict[Optional[str], Tuple[str, ...]] = {
    None: ("created_by",),
    "function_call": ("parsed_arguments",),
    "output_text": ("parsed",),
}


def _dropped(kind: Any) -> Tuple[str, ...]:
    return _DROPPED[None] + _DROPPED.get(kind if isinstance(kind, str) else None, ())


def members(model: Any, *, first: Iterable[str] = ()) -> Dict[str, Any]:
    """What a model holds, by the API's names. Every member is read once, ``first`` those whose reading must not be disturbed."""
    held: Dict[str, Any] = object.__getattribute__(model, "__dict__")
    names = [name for name in first if name in held] + [name for name in list(held) if name not in first]
    dropped = _dropped(held.get("type"))
    renamed = type(model)._wire_names
    made = {renamed.get(name, name): plain(getattr(model, name), sent=True) for name in names if name not in dropped}
    if any("__getattribute__" in vars(cls) for cls in type(model).__mro__ if not cls.__module__.startswith("threadline.") and cls is not object):
        # A class of the program's may have more to say than it holds.
        for name in type(model).model_fields:
            if name not in held and name not in dropped and (value := getattr(model, name, None)) is not None:
                made[renamed.get(name, name)] = plain(value, sent=True)
    return made


def owned(value: Any) -> Any:
    """A copy of plain data, for a function of the caller's."""
    if isinstance(value, dict):
        return {name: owned(inner) for name, inner in value.items()}
    return [owned(inner) for inner in value] if isinstance(value, list) else value


def wire(value: Any) -> Any:
    """Plain data as JSON has it: dates as texts."""
    if isinstance(value, dict):
        return {name: wire(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [wire(inner) for inner in value]
    return value.isoformat() if isinstance(value, (datetime.date, datetime.time)) else value


def json_data(value: Any) -> Any:
    """A copy of data that is JSON and nothing else.

    Raises :class:`Invalid` for anything with behaviour of its own, for numbers that JSON has not, and for texts that are no Unicode.
    """
    kind = type(value)
    if kind is dict:
        for name in value:
            if type(name) is not str:
                raise Invalid
        return {name: json_data(inner) for name, inner in value.items()}
    if kind is list:
        return [json_data(inner) for inner in value]
    if kind is str:
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Invalid from None
        return value
    if kind is float and not math.isfinite(value):
        raise Invalid
    if kind not in (int, float, bool, type(None)):
        raise Invalid
    return value


def texts(value: Any) -> Optional[List[str]]:
    """A list of texts, or `None`."""
    return value if isinstance(value, list) and all(isinstance(inner, str) for inner in value) else None

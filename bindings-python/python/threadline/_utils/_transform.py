"""Arguments by their annotations: names and formats of the wire."""

from __future__ import annotations

import base64
import io
import pathlib
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Iterable, Mapping, Optional, TypeVar, get_args, get_origin

import typing_extensions

from .._types import NotGiven, Omit
from . import PropertyInfo as PropertyInfo
from ._typing import (
    is_annotated_type,
    is_iterable_type,
    is_list_type,
    is_not_required_type,
    is_required_type,
    is_sequence_type,
    is_typeddict,
    is_union_type,
    strip_annotated_type,
)

__all__ = ["PropertyInfo", "async_maybe_transform", "async_transform", "maybe_transform", "transform"]

T = TypeVar("T")


def maybe_transform(data: object, expected_type: object) -> Any:
    """As :func:`transform`; `None` stays `None`."""
    return None if data is None else transform(data, expected_type)


def transform(data: T, expected_type: object) -> T:
    """`data` with the names and formats that `Annotated[…, PropertyInfo(…)]` asks for. The input is not changed."""
    made: T = _value(data, expected_type, expected_type)
    return made


async def async_maybe_transform(data: object, expected_type: object) -> Any:
    """As :func:`maybe_transform`."""
    return None if data is None else transform(data, expected_type)


async def async_transform(data: T, expected_type: object) -> T:
    """As :func:`transform`."""
    return transform(data, expected_type)


@lru_cache(maxsize=8096)
def _hints(type_: Any) -> Any:
    return typing_extensions.get_type_hints(type_, include_extras=True)


def _notes(annotation: Any) -> Any:
    """What `Annotated` says beside the type, also inside of `Required`."""
    while is_required_type(annotation) or is_not_required_type(annotation):
        annotation = get_args(annotation)[0]
    return get_args(annotation)[1:] if is_annotated_type(annotation) else ()


def _value(data: Any, annotation: Any, inner: Any) -> Any:
    from .._models import BaseModel

    inner = strip_annotated_type(inner)
    origin = get_origin(inner) or inner
    if is_typeddict(inner) and isinstance(data, Mapping):
        return _members(data, inner)
    if origin is dict and isinstance(data, Mapping):
        arguments = get_args(inner)
        items = arguments[1] if len(arguments) > 1 else object
        return {key: _value(value, annotation, items) for key, value in data.items()}
    listed = (
        (is_list_type(inner) and isinstance(data, list))
        or (is_iterable_type(inner) and isinstance(data, Iterable))
        or (is_sequence_type(inner) and isinstance(data, Iterable))
    )
    if listed and not isinstance(data, (str, bytes)):
        # An object may be iterable too.
        if isinstance(data, dict):
            return data
        arguments = get_args(inner)
        items = arguments[0] if arguments else object
        made = [_value(item, annotation, items) for item in data]
        # Nothing is copied where nothing changes.
        return data if isinstance(data, list) and all(new is old for new, old in zip(made, data)) else made
    if is_union_type(inner):
        for arm in get_args(inner):
            # What is said beside a choice holds for each arm that says nothing itself.
            data = _value(data, arm if _notes(arm) else annotation, arm)
    if isinstance(data, BaseModel):
        _warn(data)
    if isinstance(data, BaseModel) or hasattr(type(data), "__pydantic_fields__"):
        return data.model_dump(exclude_unset=True, mode="json", exclude=getattr(data, "__api_exclude__", None))
    for note in _notes(annotation):
        if isinstance(note, PropertyInfo) and note.format is not None:
            return _formatted(data, note.format, note.format_template)
    return data


def _warn(model: Any) -> None:
    """Says, as pydantic does, that members of a model are not what its class says; they are sent as they are."""
    from .._validation import misfits

    found = misfits(model)
    if found:
        import warnings

        warnings.warn(f"Pydantic serializer warnings: {type(model).__name__} has members of other types: {', '.join(found)}", stacklevel=4)


def _members(data: Mapping[str, Any], type_: Any) -> Any:
    hints = _hints(type_)
    made = {}
    for key, value in data.items():
        if isinstance(value, (NotGiven, Omit)):
            continue
        hint = hints.get(key)
        if hint is None:
            made[key] = value
            continue
        alias = next((note.alias for note in _notes(hint) if isinstance(note, PropertyInfo) and note.alias is not None), key)
        made[alias] = _value(value, hint, hint)
    return made


def _formatted(data: Any, wanted: str, template: Optional[str]) -> Any:
    if isinstance(data, (date, datetime)):
        if wanted == "iso8601":
            return data.isoformat()
        if wanted == "custom" and template is not None:
            return data.strftime(template)
    if wanted == "base64":
        content: Any = data.read_bytes() if isinstance(data, pathlib.Path) else data
        if isinstance(data, io.IOBase):
            content = data.read()
        # A text that came as such is one of base64 already.
        if isinstance(content, str) and content is not data:
            content = content.encode()
        if isinstance(content, bytes):
            return base64.b64encode(content).decode("ascii")
        if not isinstance(content, (str, bytes)):
            raise RuntimeError(f"Could not read bytes from {data}; Received {type(content)}")
    return data

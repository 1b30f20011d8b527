"""Questions about annotations."""

from __future__ import annotations

import collections.abc
import types
import typing
from functools import lru_cache
from typing import Annotated, Any, Iterable, TypeVar, Union, cast, get_args, get_origin

import typing_extensions

__all__ = [
    "extract_type_arg",
    "extract_type_var_from_base",
    "is_annotated_type",
    "is_iterable_type",
    "is_list_type",
    "is_literal_type",
    "is_not_required_type",
    "is_required_type",
    "is_sequence_type",
    "is_type_alias_type",
    "is_typeddict",
    "is_typevar",
    "is_union",
    "is_union_type",
    "strip_annotated_type",
]

_UNIONS = (Union, types.UnionType)
_ALIASES = tuple({getattr(typing, "TypeAliasType", typing_extensions.TypeAliasType), typing_extensions.TypeAliasType})
_LITERALS = (typing.Literal, typing_extensions.Literal)


def is_annotated_type(typ: Any) -> bool:
    """Whether it is `Annotated[…]`."""
    return get_origin(typ) is Annotated


def is_list_type(typ: Any) -> bool:
    """Whether it is `list`, or a list of something."""
    return (get_origin(typ) or typ) is list


def is_sequence_type(typ: Any) -> bool:
    """Whether it is a `Sequence` of something."""
    return (get_origin(typ) or typ) is collections.abc.Sequence


def is_iterable_type(typ: Any) -> bool:
    """Whether it is an `Iterable` of something."""
    return (get_origin(typ) or typ) in (Iterable, collections.abc.Iterable)


def is_union(tp: Any) -> bool:
    """Whether it is what :func:`typing.get_origin` gives for a union."""
    return tp in _UNIONS


def is_union_type(typ: Any) -> bool:
    """Whether it is a union, written either way."""
    return get_origin(typ) in _UNIONS


def is_literal_type(tp: Any) -> bool:
    """Whether it is `Literal[…]`."""
    return get_origin(tp) in _LITERALS


def is_typeddict(tp: Any) -> bool:
    """Whether it is a `TypedDict`."""
    return bool(typing_extensions.is_typeddict(tp))


def is_required_type(typ: Any) -> bool:
    """Whether it is `Required[…]`."""
    return get_origin(typ) is typing_extensions.Required


def is_not_required_type(typ: Any) -> bool:
    """Whether it is `NotRequired[…]`."""
    return get_origin(typ) is typing_extensions.NotRequired


def is_typevar(typ: Any) -> bool:
    """Whether it is a type variable."""
    return isinstance(typ, TypeVar)


def is_type_alias_type(tp: Any, /) -> bool:
    """Whether it was made by a `type` statement."""
    return isinstance(tp, _ALIASES)


@lru_cache(maxsize=8096)
def strip_annotated_type(typ: Any) -> Any:
    """The type inside of `Annotated`, `Required` and `NotRequired`."""
    while is_annotated_type(typ) or is_required_type(typ) or is_not_required_type(typ):
        typ = get_args(typ)[0]
    return typ


def extract_type_arg(typ: Any, index: int) -> Any:
    """One of the type's arguments.

    Raises :class:`RuntimeError` if it has too few of them.
    """
    try:
        return get_args(typ)[index]
    except IndexError:
        raise RuntimeError(f"Expected type {typ} to have a type argument at index {index} but it did not") from None


def extract_type_var_from_base(
    typ: Any, *, generic_bases: "tuple[Any, ...]", index: int, failure_message: "str | None" = None
) -> Any:
    """What stands for a base's type variable: of `class Things(List[Thing])` with the base `list` it is `Thing`.

    Raises :class:`TypeError` if that cannot be told, :class:`RuntimeError` if no such base is among the class's.
    """
    origin = cast(Any, get_origin(typ) or typ)
    if origin in generic_bases:
        return extract_type_arg(typ, index)
    found = None
    for base in getattr(origin, "__orig_bases__", ()):
        known = get_origin(base)
        if known in generic_bases or (isinstance(known, type) and any(issubclass(known, wanted) for wanted in generic_bases)):
            found = base
            break
    if found is None:
        raise RuntimeError(failure_message or f"Could not resolve inner type variable at index {index} for {typ}")
    argument = extract_type_arg(found, index) if get_origin(found) in generic_bases else extract_type_var_from_base(
        found, generic_bases=generic_bases, index=index, failure_message=failure_message
    )
    if is_typevar(argument):
        return extract_type_arg(typ, index)
    return argument

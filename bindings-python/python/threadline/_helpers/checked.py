"""Helpers that take the arguments of another method."""

from __future__ import annotations

from typing import Any, Dict

from .._types import not_given, omit


def arguments_of(method: Any, arguments: Dict[str, Any], *positional: Any) -> Dict[str, Any]:
    """`arguments` for `method`, checked by its signature: what it does not know, or misses, is a TypeError."""
    import inspect  # a large module, which the first call does without

    bound = inspect.signature(method).bind(*positional, **arguments)
    return {name: value for name, value in bound.arguments.items() if value is not omit and value is not not_given}

"""What official classes do beyond one call or one reply, written by hand and mixed into generated classes."""

from __future__ import annotations

from typing import Any, Callable, Dict

from threadline._types import NotGiven, Omit


def given(arguments: Dict[str, Any]) -> Dict[str, Any]:
    """The arguments that a caller gave, and those with defaults of their own."""
    return {name: value for name, value in arguments.items() if not isinstance(value, (Omit, NotGiven))}


def loose(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, for type checkers with any arguments: the generated method above it has the exact ones."""
    return function

"""Questions about functions."""

from __future__ import annotations

import inspect
from typing import Any, Callable, Set

__all__ = ["assert_signatures_in_sync", "function_has_argument"]


def function_has_argument(func: Callable[..., Any], arg_name: str) -> bool:
    """Whether a function takes this argument by name."""
    return arg_name in inspect.signature(func).parameters


def assert_signatures_in_sync(
    source_func: Callable[..., Any], check_func: Callable[..., Any], *, exclude_params: Set[str] = set(), description: str = ""
) -> None:
    """Raises :class:`AssertionError` unless the second function has every parameter of the first, annotated alike."""
    theirs = inspect.signature(check_func).parameters
    wrong = []
    for name, parameter in inspect.signature(source_func).parameters.items():
        if name in exclude_params:
            continue
        if name not in theirs:
            wrong.append(f"the `{name}` param is missing")
        elif theirs[name].annotation != parameter.annotation:
            wrong.append(
                f"types for the `{name}` param are do not match; source={parameter.annotation!r} "
                f"checking={theirs[name].annotation!r}"
            )
    if wrong:
        raise AssertionError(f"{len(wrong)} errors encountered when comparing signatures{description}:\n\n" + "\n\n".join(wrong))

"""numpy."""

from __future__ import annotations

from typing import Any

from ._common import Library

numpy: Any = Library("numpy")


def has_numpy() -> bool:
    """Whether it is installed."""
    from importlib.util import find_spec

    return find_spec("numpy") is not None

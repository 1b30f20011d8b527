"""Parsed replies as they go back to the provider: without what was made of them here, which it does not know."""

from __future__ import annotations

from typing import Any

from ..._models import BaseModel

__all__ = ["as_sent"]


def as_sent(value: Any) -> Any:
    """The value; in place of parsed items what came for them."""
    kind = type(value)
    if kind is list or kind is tuple:
        return [as_sent(item) for item in value]
    if not isinstance(value, BaseModel) or not kind.__name__.startswith("Parsed"):
        return value
    own, names = getattr(kind, "__api_exclude__", ()), kind._wire_names
    return {names.get(name, name): as_sent(member) for name, member in value.__dict__.items() if name not in own}

"""JSON schemas of pydantic's models as strict outputs ask for them."""

from __future__ import annotations

from typing import Any, Dict

from ._tools import schema_of

__all__ = ["is_dataclass_like_type", "to_strict_json_schema"]


def to_strict_json_schema(model: Any) -> Dict[str, Any]:
    """The schema of a model or a type adapter, closed and with every member required.

    Raises :class:`TypeError` for anything else.
    """
    if type(model).__name__ == "TypeAdapter":
        return schema_of(_Adapter(model))
    if not hasattr(model, "model_json_schema") and not is_dataclass_like_type(model):
        raise TypeError(f"Non BaseModel types are only supported with Pydantic v2 - {model}")
    return schema_of(model)


class _Adapter:
    def __init__(self, adapter: Any) -> None:
        self.model_json_schema = adapter.json_schema


def is_dataclass_like_type(typ: Any) -> bool:
    """Whether it is a dataclass of pydantic's or of the standard library."""
    return isinstance(typ, type) and hasattr(typ, "__pydantic_config__") or hasattr(typ, "__dataclass_fields__")

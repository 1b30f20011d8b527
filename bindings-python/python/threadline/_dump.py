"""Responses as plain data: what :meth:`threadline.BaseModel.model_dump` gives."""

from __future__ import annotations

from typing import Any, Dict, Generator, Mapping, Tuple

from ._models import BaseModel

__all__ = ["Dump"]


class Dump:
    """One walk over an instance."""

    __slots__ = ("as_json", "wire", "sent_only", "no_defaults", "no_none")

    def __init__(self, as_json: bool, wire: bool, sent_only: bool, no_defaults: bool, no_none: bool) -> None:
        self.as_json = as_json
        self.wire = wire
        self.sent_only = sent_only
        self.no_defaults = no_defaults
        self.no_none = no_none

    def model(self, model: BaseModel, include: Any = None, exclude: Any = None) -> Dict[str, Any]:
        names = type(model)._wire_names if self.wire else {}
        fields = type(model).model_fields if self.no_defaults else {}
        dumped: Dict[str, Any] = {}
        for name, value in model._members(not self.sent_only):
            kept, inner_include = _part(include, name)
            dropped, inner_exclude = _part(exclude, name)
            if include is not None and not kept or dropped and inner_exclude is None:
                continue
            if value is None and self.no_none:
                continue
            if name in fields and not fields[name].is_required() and fields[name].default == value:
                continue
            dumped[names.get(name, name)] = self.value(value, inner_include, inner_exclude)
        return dumped

    def items(self, items: Any, include: Any, exclude: Any) -> Generator[Tuple[Any, Any], None, None]:
        """The parts of a list or mapping that are wanted."""
        for key, item in items:
            kept, inner_include = _part(include, key)
            dropped, inner_exclude = _part(exclude, key)
            if (include is None or kept) and not (dropped and inner_exclude is None):
                yield key, self.value(item, inner_include, inner_exclude)

    def value(self, value: Any, include: Any = None, exclude: Any = None) -> Any:
        if isinstance(value, (str, int, float, bool)) or value is None:
            return value
        if isinstance(value, BaseModel):
            return self.model(value, include, exclude)
        if isinstance(value, dict):
            return dict(self.items(value.items(), include, exclude))
        if isinstance(value, (list, tuple)):
            count = len(value)
            include, exclude = _from_front(include, count), _from_front(exclude, count)
            items = [item for _, item in self.items(enumerate(value), include, exclude)]
            return items if self.as_json or isinstance(value, list) else tuple(items)
        if hasattr(value, "model_dump"):
            return value.model_dump(mode="json" if self.as_json else "python")
        if self.as_json:
            if hasattr(value, "isoformat"):
                return value.isoformat().replace("+00:00", "Z")
            if hasattr(value, "tolist"):
                return value.tolist()
        return value


def _part(wanted: Any, key: Any) -> Tuple[bool, Any]:
    """Whether what is to be included, or excluded, has the part of this name or place, and which parts of it: nothing for all of it."""
    if wanted is None or isinstance(wanted, (bool, type(...))):
        return False, None
    if not isinstance(wanted, Mapping):
        return key in wanted or "__all__" in wanted, None
    found = [wanted[name] for name in (key, "__all__") if name in wanted and wanted[name] is not False]
    if not found or any(isinstance(inner, (bool, type(...))) for inner in found):
        return bool(found), None
    if len(found) == 1:
        return True, found[0]
    each = [inner if isinstance(inner, Mapping) else dict.fromkeys(inner, True) for inner in found]
    return True, {**each[1], **each[0]}


def _from_front(wanted: Any, count: int) -> Any:
    """Places that are counted from the end, counted from the front."""
    if isinstance(wanted, Mapping):
        return {key + count if isinstance(key, int) and key < 0 else key: inner for key, inner in wanted.items()}
    if isinstance(wanted, (set, frozenset, list, tuple)):
        return {key + count if isinstance(key, int) and key < 0 else key for key in wanted}
    return wanted

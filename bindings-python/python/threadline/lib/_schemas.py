"""Schemas that pydantic makes, in the form of strict outputs, with all that they say kept.

The core's own form (``json_type``) refuses what the provider's models have not learnt. What a class of pydantic's says is sent as it is: other
servers, and later models, take more.
"""

from __future__ import annotations

from typing import Any, Dict, List

__all__ = ["closed"]

Schema = Dict[str, Any]


def closed(schema: Schema) -> Schema:
    """The schema with closed objects whose members are all required. The input is not changed.

    Raises :class:`ValueError` for a reference that leads out of the schema.
    """
    return _closed(schema, schema, ())


def _closed(part: Any, root: Schema, way: tuple[str, ...]) -> Any:
    if not isinstance(part, dict):
        raise TypeError(f"Expected {part} to be an object of a JSON schema; path={'.'.join(way) or '$'}")
    made = dict(part)
    if "$ref" in made and len(made) > 1:
        # Nothing may stand beside a reference, so what it leads to is written in its place.
        there = _found(made.pop("$ref"), root)
        return _closed({**there, **made}, root, way)
    if made.get("type") == "object" and "additionalProperties" not in made:
        made["additionalProperties"] = False
    if isinstance(made.get("properties"), dict):
        made["required"] = list(made["properties"])
    for name in ("$defs", "definitions", "properties"):
        if isinstance(made.get(name), dict):
            made[name] = {key: _closed(value, root, (*way, name, key)) for key, value in made[name].items()}
    if isinstance(made.get("items"), dict):
        made["items"] = _closed(made["items"], root, (*way, "items"))
    for name in ("anyOf", "allOf"):
        if isinstance(made.get(name), list):
            made[name] = _each(made[name], root, (*way, name))
    if len(made.get("allOf") or ()) == 1:
        made.update(made.pop("allOf")[0])
    if "$ref" in made:
        _found(made["$ref"], root)
    if "default" in made and made["default"] is None:
        del made["default"]
    return made


def _each(parts: List[Any], root: Schema, way: tuple[str, ...]) -> List[Any]:
    return [_closed(part, root, (*way, str(index))) for index, part in enumerate(parts)]


def _found(reference: Any, root: Schema) -> Schema:
    """What a reference leads to."""
    if not isinstance(reference, str) or not reference.startswith("#/"):
        raise ValueError(f"Unexpected $ref format {reference!r}: it does not start with `#/`, so it leads out of this schema")
    place: Any = root
    for step in reference[2:].split("/"):
        place = place[step]
    if not isinstance(place, dict):
        raise ValueError(f"The reference {reference!r} leads to no schema")
    return place

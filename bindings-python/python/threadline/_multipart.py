"""Forms whose parts have types of their own."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple

from ._types import NotGiven, Omit
from ._utils._json import openapi_dumps

__all__ = ["encode_multipart"]


def encode_multipart(
    body: object,
    extra_body: Any,
    encodings: Mapping[str, Tuple[str, bool]],
    raw_body_field: Optional[str] = None,
    existing_files: Any = None,
) -> Tuple[Optional[Dict[str, object]], Any, Optional[bytes], str]:
    """Plain members, parts, the raw body and its type: members in `encodings` (type, and whether they are JSON) become parts of that type.

    A body that is `raw_body_field` alone is sent as it is.
    """
    if not isinstance(body, Mapping) or not (extra_body is None or isinstance(extra_body, Mapping)):
        raise TypeError(f"Multipart {'request body' if not isinstance(body, Mapping) else 'extra_body'} must be a mapping")
    members = {name: value for name, value in {**body, **(extra_body or {})}.items() if not isinstance(value, (Omit, NotGiven))}
    if raw_body_field is not None and list(members) == [raw_body_field] and not existing_files:
        text = members[raw_body_field]
        if not isinstance(text, str):
            raise TypeError("Raw multipart alternative must be a string")
        return None, None, text.encode(), encodings[raw_body_field][0]
    parts: List[Any] = list(existing_files.items()) if isinstance(existing_files, Mapping) else list(existing_files or ())
    for name, (kind, as_json) in encodings.items():
        if name in members:
            parts.append((name, (None, _encoded(name, members.pop(name), as_json), kind)))
    return members or None, parts, None, "multipart/form-data"


def _encoded(name: str, value: object, as_json: bool) -> bytes:
    if as_json:
        return openapi_dumps(value)
    if not isinstance(value, str):
        raise TypeError(f"Multipart field {name!r} must be a string")
    return value.encode()

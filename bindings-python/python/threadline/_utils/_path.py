"""Paths with placeholders."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

__all__ = ["path_template"]

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_DOTS = re.compile(r"^(?:\.|%2[eE]){1,2}$")
#: Characters that RFC 3986 allows in the parts of an address beside letters, digits and `-._~`.
_SEGMENT, _QUERY, _FRAGMENT = "!$&'()*+,;=:@", "!$'()*+,;:@/?", "!$&'()*+,;=:@/?"


def path_template(template: str, /, **kwargs: Any) -> str:
    """`/models/{model}` with its placeholders filled in and escaped.

    Raises :class:`KeyError` for a placeholder without a value, :class:`ValueError` if a value would make a segment of dots.
    """
    rest, hash_mark, fragment = template.partition("#")
    path, question_mark, query = rest.partition("?")

    def filled(part: str, safe: str) -> str:
        def value(match: "re.Match[str]") -> str:
            name = match.group(1)
            if name not in kwargs:
                raise KeyError(f"a value for placeholder {{{name}}} was not provided")
            held = kwargs[name]
            text = {None: "null", True: "true", False: "false"}.get(held, str(held)) if held is None or isinstance(held, bool) else str(held)
            return quote(text, safe=safe)

        return _PLACEHOLDER.sub(value, part)

    made = filled(path, _SEGMENT)
    for segment in made.split("/"):
        if _DOTS.match(segment):
            raise ValueError(f"Constructed path {made!r} contains dot-segment {segment!r} which is not allowed")
    if question_mark:
        made += "?" + filled(query, _QUERY)
    if hash_mark:
        made += "#" + filled(fragment, _FRAGMENT)
    return made

"""Query strings."""

from __future__ import annotations

from typing import Any, Iterator, List, Mapping, Tuple
from urllib.parse import parse_qs, urlencode

from ._types import NotGiven, not_given

__all__ = ["Options", "Querystring", "parse", "stringify", "stringify_items"]


class Querystring:
    """Writes lists and objects in queries; how, is a choice of formats."""

    def __init__(self, *, array_format: str = "repeat", nested_format: str = "brackets") -> None:
        self.array_format = array_format
        self.nested_format = nested_format

    def parse(self, query: str) -> Mapping[str, object]:
        """The parameters of a query string, each as a list of texts."""
        return parse_qs(query)

    def stringify(
        self, params: Any, *, array_format: "str | NotGiven" = not_given, nested_format: "str | NotGiven" = not_given
    ) -> str:
        """The parameters as text."""
        return urlencode(self.stringify_items(params, array_format=array_format, nested_format=nested_format))

    def stringify_items(
        self, params: Any, *, array_format: "str | NotGiven" = not_given, nested_format: "str | NotGiven" = not_given
    ) -> List[Tuple[str, str]]:
        """The parameters as pairs of texts."""
        options = Options(self, array_format=array_format, nested_format=nested_format)
        return [pair for key, value in params.items() for pair in _pairs(key, value, options)]


class Options:
    """The formats of one call."""

    array_format: Any
    nested_format: Any

    def __init__(
        self, qs: Any = None, *, array_format: "str | NotGiven" = not_given, nested_format: "str | NotGiven" = not_given
    ) -> None:
        base = _standard if qs is None else qs
        self.array_format = base.array_format if isinstance(array_format, NotGiven) else array_format
        self.nested_format = base.nested_format if isinstance(nested_format, NotGiven) else nested_format


def _pairs(key: str, value: Any, options: Options) -> Iterator[Tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            place = f"{key}.{name}" if options.nested_format == "dots" else f"{key}[{name}]"
            yield from _pairs(place, inner, options)
    elif isinstance(value, (list, tuple)):
        yield from _list(key, value, options)
    elif value is not None:
        yield key, _text(value)


def _list(key: str, values: Any, options: Options) -> Iterator[Tuple[str, str]]:
    style = options.array_format
    if style == "comma":
        yield key, ",".join(_text(item) for item in values if item is not None)
    elif style == "indices":
        for place, item in enumerate(values):
            yield from _pairs(f"{key}[{place}]", item, options)
    elif style in ("repeat", "brackets"):
        for item in values:
            yield from _pairs(key if style == "repeat" else f"{key}[]", item, options)
    else:
        raise NotImplementedError(
            f"Unknown array_format value: {style}, choose from comma, repeat, indices, brackets"
        )


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


_standard = Querystring()
parse = _standard.parse
stringify = _standard.stringify
stringify_items = _standard.stringify_items

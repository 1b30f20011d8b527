"""Small functions that programs import from the official package."""

from __future__ import annotations

import functools
import inspect
import os
from datetime import date, datetime
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, TypeVar, cast

from .._types import NotGiven, Omit

__all__ = [
    "coerce_boolean",
    "coerce_float",
    "coerce_integer",
    "deepcopy_minimal",
    "extract_files",
    "file_from_path",
    "flatten",
    "get_async_library",
    "get_required_header",
    "human_join",
    "is_async_azure_client",
    "is_azure_client",
    "is_dict",
    "is_given",
    "is_iterable",
    "is_list",
    "is_mapping",
    "is_mapping_t",
    "is_sequence",
    "is_sequence_t",
    "is_tuple",
    "is_tuple_t",
    "json_safe",
    "lru_cache",
    "maybe_coerce_boolean",
    "maybe_coerce_float",
    "maybe_coerce_integer",
    "quote",
    "removeprefix",
    "removesuffix",
    "required_args",
    "strip_not_given",
]

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def flatten(t: Iterable[Iterable[T]]) -> List[T]:
    """The items of the items."""
    return [item for inner in t for item in inner]


def extract_files(query: Any, *, paths: Sequence[Sequence[str]], array_format: str = "brackets") -> List[Tuple[str, Any]]:
    """Takes what lies at the paths out of `query` (which loses it) and names it as multipart forms do.

    `<array>` in a path stands for each item of a list.
    """
    found: List[Tuple[str, Any]] = []
    for path in paths:
        found.extend(_extract(query, path, 0, None, array_format))
    return found


def _extract(held: Any, path: Sequence[str], index: int, key: Optional[str], array_format: str) -> List[Tuple[str, Any]]:
    if index == len(path):
        if isinstance(held, (NotGiven, Omit)) or key is None:
            return []
        from .._files import assert_is_file_content

        if isinstance(held, list):
            files: List[Tuple[str, Any]] = []
            for place, entry in enumerate(held):
                assert_is_file_content(entry, key=f"{key}{_suffix(array_format, place)}")
                files.append((f"{key}{_suffix(array_format, place)}", entry))
            return files
        assert_is_file_content(held, key=key)
        return [(key, held)]
    step = path[index]
    if isinstance(held, dict):
        if step not in held:
            return []
        # A list goes as a whole, with all that is taken out of it.
        last = index + 1 == len(path) or list(path[index + 1 :]) == ["<array>"] and isinstance(held[step], list)
        item = held.pop(step) if last else held[step]
        return _extract(item, path, index + 1, f"{key}[{step}]" if key is not None else step, array_format)
    if isinstance(held, list) and step == "<array>":
        return flatten(
            _extract(item, path, index + 1, f"{key or ''}{_suffix(array_format, place)}", array_format)
            for place, item in enumerate(held)
        )
    return []


def _suffix(array_format: str, place: int) -> str:
    if array_format == "brackets":
        return "[]"
    if array_format == "indices":
        return f"[{place}]"
    if array_format in ("repeat", "comma"):
        return ""
    raise NotImplementedError(f"Unknown array_format value: {array_format}")


def is_given(obj: Any) -> bool:
    """Whether an argument was given."""
    return not isinstance(obj, (NotGiven, Omit))


def is_tuple(obj: object) -> bool:
    return isinstance(obj, tuple)


def is_sequence(obj: object) -> bool:
    return isinstance(obj, Sequence)


def is_mapping(obj: object) -> bool:
    return isinstance(obj, Mapping)


def is_dict(obj: object) -> bool:
    return isinstance(obj, dict)


def is_list(obj: object) -> bool:
    return isinstance(obj, list)


def is_iterable(obj: object) -> bool:
    return isinstance(obj, Iterable)


is_tuple_t, is_sequence_t, is_mapping_t = is_tuple, is_sequence, is_mapping


def deepcopy_minimal(item: T) -> T:
    """A copy as deep as mappings and lists go; what they hold is shared."""
    if isinstance(item, Mapping):
        return cast(T, {name: deepcopy_minimal(value) for name, value in item.items()})
    if isinstance(item, list):
        return cast(T, [deepcopy_minimal(entry) for entry in item])
    return item


def human_join(seq: Sequence[str], *, delim: str = ", ", final: str = "or") -> str:
    """`a, b or c`."""
    if len(seq) < 2:
        return "".join(seq)
    return f"{delim.join(seq[:-1])} {final} {seq[-1]}"


def quote(string: str) -> str:
    return f"'{string}'"


def required_args(*variants: Sequence[str]) -> Callable[[F], F]:
    """Marks a function that needs all arguments of at least one of the variants."""

    def mark(func: F) -> F:
        parameters = inspect.signature(func).parameters
        positional = [
            name
            for name, parameter in parameters.items()
            if parameter.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        ]

        @functools.wraps(func)
        def call(*args: Any, **kwargs: Any) -> Any:
            if len(args) > len(positional):
                raise TypeError(f"{func.__name__}() takes {len(positional)} argument(s) but {len(args)} were given")
            given = {*positional[: len(args)], *kwargs}
            if not any(given.issuperset(variant) for variant in variants):
                raise TypeError(_missing(variants, given))
            return func(*args, **kwargs)

        return cast(F, call)

    return mark


def _missing(variants: Sequence[Sequence[str]], given: "set[str]") -> str:
    if len(variants) > 1:
        ways = ["(" + human_join([quote(name) for name in variant], final="and") + ")" for variant in variants]
        return f"Missing required arguments; Expected either {human_join(ways)} arguments to be given"
    missing = [quote(name) for name in variants[0] if name not in given]
    return f"Missing required argument{'s' if len(missing) > 1 else ''}: {human_join(missing)}"


def strip_not_given(obj: Any) -> Any:
    """A mapping without the members that were not given; anything else as it is."""
    if not isinstance(obj, Mapping):
        return obj
    return {name: value for name, value in obj.items() if not isinstance(value, NotGiven)}


def coerce_integer(val: str) -> int:
    return int(val, base=10)


def coerce_float(val: str) -> float:
    return float(val)


def coerce_boolean(val: str) -> bool:
    return val in ("true", "1", "on")


def maybe_coerce_integer(val: Optional[str]) -> Optional[int]:
    return None if val is None else coerce_integer(val)


def maybe_coerce_float(val: Optional[str]) -> Optional[float]:
    return None if val is None else coerce_float(val)


def maybe_coerce_boolean(val: Optional[str]) -> Optional[bool]:
    return None if val is None else coerce_boolean(val)


def removeprefix(string: str, prefix: str) -> str:
    return string.removeprefix(prefix)


def removesuffix(string: str, suffix: str) -> str:
    return string.removesuffix(suffix)


def file_from_path(path: str) -> Tuple[str, bytes]:
    """Name and content of a file, as uploads take them."""
    return os.path.basename(path), Path(path).read_bytes()


def get_required_header(headers: Any, header: str) -> str:
    """A header by its name in any case.

    Raises :class:`ValueError` if there is none.
    """
    wanted = header.lower()
    if isinstance(headers, Mapping):
        for name, value in headers.items():
            if name.lower() == wanted and isinstance(value, str):
                return value
    for spelling in (header, wanted, header.upper(), "-".join(part.capitalize() for part in header.split("-"))):
        value = headers.get(spelling)
        if value:
            return str(value)
    raise ValueError(f"Could not find {header} header")


def get_async_library() -> str:
    """The library whose loop runs: `asyncio`, `trio`; `false` if none does."""
    try:
        import sniffio

        return sniffio.current_async_library()
    except ImportError:
        import asyncio

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return "false"
        return "asyncio"
    except Exception:
        return "false"


def lru_cache(*, maxsize: Optional[int] = 128) -> Callable[[F], F]:
    """:func:`functools.lru_cache`, typed."""
    return cast(Any, functools.lru_cache(maxsize=maxsize))


def json_safe(data: object) -> object:
    """Plain data with dates as texts."""
    if isinstance(data, Mapping):
        return {json_safe(name): json_safe(value) for name, value in data.items()}
    if isinstance(data, Iterable) and not isinstance(data, (str, bytes, bytearray)):
        return [json_safe(item) for item in data]
    if isinstance(data, (datetime, date)):
        return data.isoformat()
    return data


def is_azure_client(client: object) -> bool:
    from ..lib.azure import AzureOpenAI

    return isinstance(client, AzureOpenAI)


def is_async_azure_client(client: object) -> bool:
    from ..lib.azure import AsyncAzureOpenAI

    return isinstance(client, AsyncAzureOpenAI)


_HEADERS_LIKE = Dict[str, str]

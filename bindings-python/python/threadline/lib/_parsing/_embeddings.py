"""Embeddings that travel as base64, for programs that make such requests themselves; the clients decode theirs in the core."""

from __future__ import annotations

import array
import base64
import sys
from functools import partial
from importlib.util import find_spec
from typing import Any, Callable, Dict, List, Mapping, NamedTuple

from ..._types import NotGiven, Omit

__all__ = ["Prepared", "has_numpy", "parse_embedding_response", "prepare_embedding_request"]


class Prepared(NamedTuple):
    """A request, and what makes of its response what the caller asked for."""

    body: Dict[str, Any]
    post_parser: Callable[[Any], Any]


def has_numpy() -> bool:
    """Whether numpy can be imported, which decodes faster."""
    return "numpy" in sys.modules or find_spec("numpy") is not None


def prepare_embedding_request(client: Any, body: Mapping[str, Any], *, encoding_format: Any) -> Prepared:
    """The body as it is sent: vectors travel as base64 where the caller asked for no encoding. ``body`` is not changed."""
    sent = dict(body)
    if _unasked(encoding_format):
        sent["encoding_format"] = "base64"
    return Prepared(sent, partial(parse_embedding_response, encoding_format=encoding_format))


def parse_embedding_response(response: Any, *, encoding_format: Any) -> Any:
    """Makes numbers of the vectors of a response, in place, where the caller asked for no encoding.

    Raises :class:`ValueError` if there are no vectors, or one is no base64 of numbers of four bytes.
    """
    if not _unasked(encoding_format):
        return response
    if not response.data:
        raise ValueError("No embedding data received")
    encoded = [item for item in response.data if isinstance(item.embedding, str)]
    if encoded:
        decode = _by_numpy if has_numpy() else _by_array
        for item in encoded:
            item.embedding = decode(base64.b64decode(item.embedding))
    return response


def _unasked(encoding_format: Any) -> bool:
    return isinstance(encoding_format, (Omit, NotGiven))


def _by_array(raw: bytes) -> List[float]:
    numbers = array.array("f")
    numbers.frombytes(raw)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()


def _by_numpy(raw: bytes) -> List[float]:
    import numpy

    found: List[float] = numpy.frombuffer(raw, dtype="<f4").tolist()
    return found

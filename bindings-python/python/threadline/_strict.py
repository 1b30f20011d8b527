"""Replies of methods that are checked before they are given: what clients with ``_strict_response_validation`` ask for."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Tuple

from ._models import BaseModel
from ._utils._typing import strip_annotated_type

__all__ = ["checked", "process", "is_checked"]

#: Members of which servers use an older and a newer word, of which the published type has one: class, member, words, the published one.
_WORDS: Dict[str, Tuple[str, Tuple[str, ...], str]] = {
    "threadline.types.vector_stores.vector_store_file_batch.VectorStoreFileBatch": (
        "object",
        ("vector_store.file_batch", "vector_store.files_batch"),
        "vector_store.files_batch",
    ),
}


def is_checked(client: Any, arguments: Mapping[str, Any], page: Any) -> bool:
    """Whether the reply of a method's call is one whole, which can be checked."""
    return client._strict_response_validation is True and page is None and arguments.get("stream") is not True


def checked(client: Any, arguments: Dict[str, Any], reply: Any) -> Any:
    """The value of a reply.

    Raises :class:`APIResponseValidationError` if the reply does not fit the method's type.
    """
    from ._legacy_response import LegacyAPIResponse

    raw = LegacyAPIResponse[Any](reply, client, arguments)
    value = raw.parse()
    if isinstance(value, BaseModel):
        _check(type(value), raw.json(), raw.http_response)
    return value


def process(client: Any, data: Any, cast_to: Any, response: Any) -> Any:
    """The data of a reply as a type, checked if the client checks its replies. What ``_process_response_data`` of clients does."""
    from ._construct import construct_type

    if data is None:
        return None
    cast_to = strip_annotated_type(cast_to)
    if cast_to is object:
        return data
    if client._strict_response_validation:
        _check(cast_to, data, response)
    return construct_type(value=data, type_=cast_to)


def _check(type_: Any, data: Any, response: Any) -> None:
    from ._exceptions import APIResponseValidationError
    from ._own_models import validate_type

    try:
        validate_type(type_=type_, value=_with_published_word(type_, data))
    except ValueError as error:
        raise APIResponseValidationError(response=response, body=data) from error


def _with_published_word(type_: Any, data: Any) -> Any:
    found = _WORDS.get(f"{type_.__module__}.{type_.__qualname__}") if isinstance(type_, type) else None
    if found is None or not isinstance(data, Mapping) or data.get(found[0]) not in found[1]:
        return data
    return {**data, found[0]: found[2]}

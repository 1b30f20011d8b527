"""`response.parse(to=…)`: a reply as a type of the program's."""

from __future__ import annotations

import json
from typing import Any, get_args, get_origin

from ._exceptions import APIResponseValidationError, OpenAIError
from ._log import log
from ._models import BaseModel
from ._types import NoneType
from ._utils._typing import is_annotated_type, is_type_alias_type, is_union

__all__ = ["parse_as"]


def parse_as(to: Any, reply: Any, body: bytes, response: Any) -> Any:
    """As :func:`_parse_as`; a model knows what the server called its request."""
    value = _parse_as(to, reply, body, response)
    if isinstance(value, BaseModel) and value._request_id is None:
        value._request_id = response.request_id
    return value


def _parse_as(to: Any, reply: Any, body: bytes, response: Any) -> Any:
    """The body as `to`: a class of models, a plain type, a generic of them.

    Raises :class:`RuntimeError` for a type that replies cannot be read as.
    """
    if is_type_alias_type(to):
        to = to.__value__
    if is_annotated_type(to):
        to = get_args(to)[0]
    origin = get_origin(to) or to
    if to is None or to is NoneType:
        return None
    if to is str:
        return body.decode("utf-8", "replace")
    if to is bytes:
        return body
    if to is int or to is float:
        return to(body.decode())
    if to is bool:
        return body.decode().strip().lower() == "true"
    name = getattr(origin, "__name__", "")
    if name == "HttpxBinaryResponseContent":
        return origin(response.http_response)
    if name == "Response" and hasattr(origin, "iter_bytes"):
        return _as_httpx(origin, response, body)
    from ._construct import construct_type, is_model

    if is_model(origin) and not issubclass(origin, BaseModel):
        raise TypeError(f"Pydantic models must subclass our base model type, e.g. `from {_imported_as()} import BaseModel`")
    if not (origin in (dict, list, object, Any) or is_union(origin) or is_model(origin)):
        raise RuntimeError(
            f"Unsupported type, expected {to} to be a subclass of {BaseModel}, {dict}, {list}, Union, NoneType, str or httpx.Response."
        )
    if "json" not in response.headers.get("content-type", "application/json").split(";")[0]:
        if is_model(origin):
            try:
                # A response of the program's own may read itself in its own way.
                data = response.http_response.json() if response._foreign else json.loads(body)
                return construct_type(value=data, type_=to)
            except ValueError as error:
                log("debug", "Could not read JSON from response data due to %s", type(error).__name__)
        if getattr(response._client, "_strict_response_validation", False):
            raise APIResponseValidationError(
                response.http_response,
                body.decode("utf-8", "replace"),
                message=f"Expected Content-Type response header to be `application/json` but received "
                f"`{response.headers.get('content-type')}` instead.",
            )
        return body.decode("utf-8", "replace")
    if isinstance(origin, type) and issubclass(origin, BaseModel) and origin.__module__.startswith("threadline.types") and reply.body and not reply.binary:
        return reply.parse(origin)
    try:
        return construct_type(value=json.loads(body), type_=to)
    except ValueError as error:
        raise OpenAIError(f"the reply is no JSON: {error}") from error


def _imported_as() -> str:
    """The name by which programs import this package, which may stand in the place of the official one."""
    import sys

    return "openai" if sys.modules.get("openai") is sys.modules["threadline"] else "threadline"


def _as_httpx(origin: Any, response: Any, body: bytes) -> Any:
    from ._http import Response

    if origin is Response:
        return response.http_response
    return origin(response.status_code, headers=response.headers.multi_items(), content=body)

"""What goes in and what comes out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Dict, Mapping, Optional, Tuple

__all__ = ["Call", "Result", "call_of", "failure", "value_of"]

#: Endpoints whose replies have a class; all others give plain data.
_CLASSES = {
    "/v1/chat/completions": ("threadline.types.chat", "ChatCompletion"),
    "/v1/completions": ("threadline.types", "Completion"),
    "/v1/embeddings": ("threadline.types", "CreateEmbeddingResponse"),
    "/v1/images/generations": ("threadline.types", "ImagesResponse"),
    "/v1/moderations": ("threadline.types", "ModerationCreateResponse"),
    "/v1/responses": ("threadline.types.responses", "Response"),
}
_LINE = frozenset(("custom_id", "method", "url", "body"))


@dataclass(frozen=True)
class Call:
    """One request."""

    index: int
    #: The caller's name for it, or ``request-INDEX``.
    custom_id: str
    #: Path with the version, as the Batch API writes it: ``/v1/chat/completions``.
    url: str
    body: Dict[str, Any]

    @property
    def path(self) -> str:
        """Path below a base URL."""
        return self.url.removeprefix("/v1")

    @property
    def cast_to(self) -> Any:
        found = _CLASSES.get(self.url)
        return object if found is None else getattr(import_module(found[0]), found[1])

    @property
    def fingerprint(self) -> str:
        """The same for the same request under the same name."""
        text = json.dumps([self.custom_id, self.url, self.body], sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def line(self) -> str:
        """The request as a line of a Batch API file."""
        line = {"custom_id": self.custom_id, "method": "POST", "url": self.url, "body": self.body}
        return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


@dataclass
class Result:
    """What became of one request."""

    #: Its place among the requests, from 0.
    index: int
    #: Its name: the request's ``custom_id``, or ``request-INDEX``.
    custom_id: str
    #: What the method for the endpoint returns; ``None`` after an error.
    value: Any = None
    #: The exception, where it failed.
    error: Optional[BaseException] = None
    #: Whether it was in the journal already.
    from_journal: bool = False

    @property
    def ok(self) -> bool:
        """Whether there is a value."""
        return self.error is None

    def unwrap(self) -> Any:
        """The value; raises the error where there is one."""
        if self.error is not None:
            raise self.error
        return self.value


def call_of(index: int, request: Any, endpoint: Optional[str]) -> Call:
    """A request as it was given: a body, or a line of a Batch API file.

    :raises TypeError, ValueError: it is neither, or its endpoint is not known.
    """
    if not isinstance(request, Mapping):
        raise TypeError(f"request {index} is of type {type(request).__name__}; a request is the body of a call, as a dictionary")
    custom_id, body, url = None, request, endpoint
    if "body" in request and _LINE.issuperset(request):
        custom_id, body, url = request.get("custom_id"), request["body"], request.get("url") or endpoint
        if request.get("method", "POST") != "POST":
            raise ValueError(f"request {index}: only POST can be sent in bulk")
    elif "custom_id" in request:
        custom_id, body = request["custom_id"], {name: value for name, value in request.items() if name != "custom_id"}
    url = _url(url) if url is not None else _guess(index, body)
    body = dict(body)
    if body.get("stream"):
        raise ValueError(f"request {index}: streams cannot be asked for in bulk; leave out `stream`")
    return Call(index, f"request-{index}" if custom_id is None else str(custom_id), url, body)


def _url(endpoint: str) -> str:
    path = "/" + endpoint.strip("/")
    return path if path.startswith("/v1/") else f"/v1{path}"


def _guess(index: int, body: Mapping[str, Any]) -> str:
    if "messages" in body:
        return "/v1/chat/completions"
    if "input" in body:
        model = str(body.get("model", ""))
        if "embedding" in model:
            return "/v1/embeddings"
        return "/v1/moderations" if "moderation" in model else "/v1/responses"
    raise ValueError(f"request {index}: its members do not say which endpoint it is for; give `endpoint`, such as \"/v1/completions\"")


def value_of(call: Call, body: Any) -> Any:
    """The value of a reply that was kept as plain data."""
    cast_to = call.cast_to
    return body if cast_to is object or not isinstance(body, dict) else cast_to.construct(**body)


def failure(status: Optional[int], body: Any, message: str, request_id: Optional[str] = None) -> BaseException:
    """The exception for an error that was kept, or that a job reports."""
    from .._exceptions import from_record

    error = body.get("error") if isinstance(body, dict) else None
    told: Tuple[Any, ...] = tuple(error.get(name) for name in ("message", "type", "code", "param")) if isinstance(error, dict) else (None,) * 4
    record = {
        "kind": _KINDS.get(status or 0, "internal_server" if (status or 0) >= 500 else "api"),
        "message": told[0] or message,
        "status": status,
        "type": told[1],
        "code": told[2],
        "param": told[3],
        "request_id": request_id,
        "attempts": 1,
        "retry_after": None,
        "retryable": False,
        "headers": [],
        "body": json.dumps(body).encode() if body is not None else b"",
        "method": "POST",
        "url": "",
    }
    return from_record(record)


_KINDS = {
    400: "bad_request",
    401: "authentication",
    403: "permission_denied",
    404: "not_found",
    409: "conflict",
    422: "unprocessable_entity",
    429: "rate_limit",
}

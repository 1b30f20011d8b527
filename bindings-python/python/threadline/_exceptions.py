"""Exceptions, by the official package's names and with its attributes."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ConflictError",
    "ContentFilterFinishReasonError",
    "InternalServerError",
    "InvalidWebhookSignatureError",
    "LengthFinishReasonError",
    "NotFoundError",
    "OAuthError",
    "OpenAIError",
    "PermissionDeniedError",
    "RateLimitError",
    "StreamError",
    "SubjectTokenProviderError",
    "UnprocessableEntityError",
    "WebSocketConnectionClosedError",
    "WebSocketQueueFullError",
]


class OpenAIError(Exception):
    """The base of all errors of this package.

    ``kind`` is the error's name in every language (``rate_limit``), ``attempts`` the number of requests sent, ``retry_after`` what the
    server asked to wait (seconds), ``retryable`` whether the same call may succeed later.
    """

    kind: Optional[str] = None
    #: The HTTP status of the reply, whatever the error; ``status_code`` is only where the official package has it.
    status: Optional[int] = None
    #: The provider's message if it sent one, else what happened in our words.
    detail: str = ""
    attempts: int = 0
    retry_after: Optional[float] = None
    retryable: bool = False
    #: What a stream had delivered: ``{"text", "events", "snapshot"}``.
    partial: Optional[Dict[str, Any]] = None
    #: What a helper of several requests had made: ``{"resource", "id", "status", "uploaded"}``.
    unfinished: Optional[Dict[str, Any]] = None
    #: What only Azure says: ``{"code", "content_filter"}``.
    azure: Optional[Dict[str, Any]] = None
    #: The completion that could not be parsed, and what a tool runner had done.
    completion: Any = None
    transcript: Any = None
    #: The close frame of a WebSocket: code and reason.
    close: Any = None

    def __reduce__(self) -> Any:
        # Subclasses differ in their arguments; what counts is what the instance holds.
        return (_rebuild, (type(self), self.args, self.__dict__.copy()))


def _rebuild(kind: Any, args: Any, state: Dict[str, Any]) -> Any:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class APIError(OpenAIError):
    """An error of a call: of the server, or on the way there."""

    message: str
    request: Any
    #: The body of the error reply, decoded: its ``error`` object where it has one.
    body: Optional[object]
    code: Optional[str] = None
    param: Optional[str] = None
    type: Optional[str] = None
    request_id: Optional[str] = None

    def __init__(self, message: str, request: Any, *, body: Optional[object]) -> None:
        super().__init__(message)
        self.request = request
        self.message = message
        self.body = body
        self.code = self.param = self.type = None
        if isinstance(body, dict):
            self.code = body.get("code")
            self.param = body.get("param")
            self.type = body.get("type")


class APIResponseValidationError(APIError):
    """A reply that is not what the method returns."""

    response: Any
    status_code: int

    def __init__(self, response: Any, body: Optional[object], *, message: Optional[str] = None) -> None:
        super().__init__(
            message or "Data returned by API invalid for expected schema.", getattr(response, "request", None), body=body
        )
        self.response = response
        self.status_code = getattr(response, "status_code", 0)


class APIStatusError(APIError):
    """A reply with a status of 4xx or 5xx."""

    response: Any
    status_code: int
    request_id: Optional[str]

    def __init__(self, message: str, *, response: Any, body: Optional[object]) -> None:
        super().__init__(message, response.request, body=body)
        self.response = response
        self.status_code = response.status_code
        self.request_id = response.headers.get("x-request-id")


class APIConnectionError(APIError):
    """No connection, or the connection broke."""

    def __init__(self, *, message: str = "Connection error.", request: Any = None) -> None:
        super().__init__(message, request, body=None)


class APITimeoutError(APIConnectionError):
    """The time of the call, or the longest silence of a stream, passed."""

    def __init__(self, request: Any = None, *, message: str = "Request timed out.") -> None:
        super().__init__(message=message, request=request)


class BadRequestError(APIStatusError):
    """400: the server rejects the request as it stands."""

    status_code = 400


class AuthenticationError(APIStatusError):
    """401: the key is missing, wrong or revoked."""

    status_code = 401


class PermissionDeniedError(APIStatusError):
    """403: the key may not do this."""

    status_code = 403


class NotFoundError(APIStatusError):
    """404: no such thing."""

    status_code = 404


class ConflictError(APIStatusError):
    """409: the request collides with another change."""

    status_code = 409


class UnprocessableEntityError(APIStatusError):
    """422: well formed, but not acceptable."""

    status_code = 422


class RateLimitError(APIStatusError):
    """429: too many requests, or the quota is used up (``code`` is ``insufficient_quota``)."""

    status_code = 429


class InternalServerError(APIStatusError):
    """500 and above."""


class StreamError(APIConnectionError):
    """A stream ended before its proper end; ``partial`` has what arrived."""


class LengthFinishReasonError(OpenAIError):
    """A completion that was to be parsed was cut off by the limit of tokens."""

    completion: Any

    def __init__(self, *, completion: Any) -> None:
        usage = getattr(completion, "usage", None)
        message = "Could not parse response content as the length limit was reached"
        super().__init__(f"{message} - {usage}" if usage else message)
        self.completion = completion


class ContentFilterFinishReasonError(OpenAIError):
    """A completion that was to be parsed was stopped by the content filter."""

    def __init__(self, *, completion: Any = None) -> None:
        super().__init__("Could not parse response content as the request was rejected by the content filter")
        self.completion = completion


class InvalidWebhookSignatureError(ValueError):
    """A webhook delivery is not signed as it should be, or its time is out of tolerance: do not trust it."""


class OAuthError(AuthenticationError):
    """The exchange of an identity for a token was refused."""

    def __init__(self, *, response: Any, body: Optional[object]) -> None:
        described = body.get("error_description") if isinstance(body, dict) else None
        super().__init__(described or "The identity was not accepted.", response=response, body=body)
        self.error = body.get("error") if isinstance(body, dict) else None


class SubjectTokenProviderError(OpenAIError):
    """A provider of subject tokens failed."""

    def __init__(self, message: str, *, response: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.response = response


class _Unshown:
    """A list of what programs said, which those who show the members of an error need not see."""

    def __init__(self, items: List[Any]) -> None:
        self.items = items

    def __repr__(self) -> str:
        return f"<{len(self.items)} unsent>"


class WebSocketConnectionClosedError(OpenAIError):
    """A WebSocket was closed with a code that is no proper end."""

    def __init__(self, message: str, *, unsent_messages: Any = (), code: Optional[int] = None, reason: str = "") -> None:
        super().__init__(message)
        self.message = message
        frames = unsent_messages if isinstance(unsent_messages, list) else list(unsent_messages)
        self.unsent_frames = frames
        is_text = all(isinstance(frame, str) for frame in frames)
        self.unsent_messages = frames if is_text else [text for text in map(_as_text, frames) if text is not None]
        self.code = code
        self.reason = reason

    @property
    def unsent_frames(self) -> List[Any]:
        """What was not sent, in order: texts and bytes."""
        return self._frames.items

    @unsent_frames.setter
    def unsent_frames(self, frames: List[Any]) -> None:
        self._frames = _Unshown(frames)

    @property
    def unsent_messages(self) -> List[Any]:
        """The same as texts; bytes that are none are left out."""
        return self._messages.items

    @unsent_messages.setter
    def unsent_messages(self, messages: List[Any]) -> None:
        self._messages = _Unshown(messages)


def _as_text(data: Any) -> Optional[str]:
    if isinstance(data, str):
        return data
    try:
        return bytes(data).decode("utf-8")
    except UnicodeDecodeError:
        return None


class WebSocketQueueFullError(OpenAIError):
    """More messages wait to be sent than may wait."""


_BY_STATUS = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def class_of_status(status: int) -> Any:
    """The exception class of a status."""
    return InternalServerError if status >= 500 else _BY_STATUS.get(status, APIStatusError)


def _noted(error: Any, detail: str) -> Any:
    """The official message, and below it in tracebacks what happened."""
    if detail and detail != error.message and hasattr(error, "add_note"):
        error.add_note(detail)
    return error


def _body(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")


def _make(record: Dict[str, Any]) -> Any:
    from ._http import Request, Response

    kind, message, status = record["kind"], record["message"], record["status"]
    request = Request(record["method"], record["url"]) if record["url"] else None
    if kind == "webhook_signature":
        return InvalidWebhookSignatureError(message)
    if kind == "content_filter_finish":
        return ContentFilterFinishReasonError()
    if kind in ("usage", "step_limit", "tool", "length_finish"):
        return OpenAIError(message)
    if kind == "closed":
        code, reason = record.get("close") or (None, "")
        return WebSocketConnectionClosedError(message, code=code, reason=reason)
    if kind in ("timeout", "idle_timeout") or str(record.get("raised")).endswith(("Timeout", "TimeoutException")):
        return _noted(APITimeoutError(request), message)
    if kind == "stream_ended":
        return StreamError(message=message, request=request)
    if kind == "decode" and status is None:
        return APIResponseValidationError(None, None, message=message)
    if kind == "redirect":
        return APIConnectionError(message=message, request=request)
    if kind == "connection" and request is not None:
        return _noted(APIConnectionError(request=request), message)
    if status is None:
        return APIConnectionError(message=message, request=request)
    body = _body(record["body"])
    response = Response(status, record["headers"], record["body"], request)
    if kind == "decode":
        return APIResponseValidationError(response, body, message=message)
    inner = body.get("error", body) if isinstance(body, dict) else body
    if kind == "api" and status < 400:
        return APIError(message, request, body=inner)
    told = inner.get("message") if isinstance(inner, dict) else None
    shown = f"Error code: {status} - {told}" if isinstance(told, str) and told else f"Error code: {status}"
    error = class_of_status(status)(shown, response=response, body=inner)
    return error


def from_record(record: Dict[str, Any]) -> BaseException:
    """The exception for an error of the core."""
    error = _make(record)
    error.kind = record["kind"]
    error.status = record["status"]
    error.attempts = record["attempts"]
    error.retry_after = record["retry_after"]
    error.retryable = record["retryable"]
    error.partial = record.get("partial")
    error.unfinished = record.get("unfinished")
    error.azure = record.get("azure")
    error.detail = record["message"]
    if record.get("close") is not None:
        error.close = record["close"]
    for name in ("completion", "transcript"):
        text = record.get(name)
        if text is not None:
            setattr(error, name, json.loads(text))
    if error.partial and error.partial.get("snapshot"):
        error.partial["snapshot"] = json.loads(error.partial["snapshot"])
    for name in ("type", "code", "param", "request_id"):
        if name == "code" and isinstance(error, WebSocketConnectionClosedError):
            continue
        if record.get(name) is not None or not hasattr(error, name):
            setattr(error, name, record.get(name))
    if record.get("cause"):
        error.__cause__ = OSError(record["cause"])
    return error


def names() -> List[str]:
    """The names of the exception classes."""
    return list(__all__)


# Tracebacks and reports of errors name them as programs import them.
for _name in __all__:
    globals()[_name].__module__ = "threadline"

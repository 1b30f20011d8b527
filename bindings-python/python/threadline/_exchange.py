"""Calls through an HTTP client of httpx's kind, attempt by attempt: with the rules, the hooks and the log records of the official package."""

from __future__ import annotations

import contextvars
import itertools
import weakref
from typing import Any, Dict, Generator, List, Mapping, Optional, Tuple, get_origin

from ._exceptions import APIConnectionError, APIError, APITimeoutError, OpenAIError
from ._log import log
from ._types import NotGiven, Omit

__all__ = ["EventsOf", "Exchange", "Through"]

#: Marks a request of the core as one of an exchange; it is not sent.
_MARK = "x-threadline-exchange"
VALUE, RAW, OPEN = 0, 1, 2
_numbers = itertools.count()
_under_way: Dict[str, "Exchange"] = {}
Pairs = List[Tuple[str, bytes]]


class Through:
    """A client of httpx as the transport of a client of ours."""

    def __init__(self, client: Any, http: Any) -> None:
        # The core holds this, and the client holds the core.
        self._client = weakref.ref(client)
        self.http = http

    def send(self, method: str, url: str, headers: Pairs, body: Optional[bytes]) -> Any:
        exchange, headers, timeout = self._exchange(headers)
        if exchange is None:
            return _single(self._client(), self.http, method, url, headers, body, timeout)
        return exchange.context.run(exchange.send, self.http, method, url, headers, body)

    async def send_async(self, method: str, url: str, headers: Pairs, body: Optional[bytes]) -> Any:
        exchange, headers, timeout = self._exchange(headers)
        if exchange is None:
            return await _single_async(self._client(), self.http, method, url, headers, body, timeout)
        return await _In(exchange.context, exchange.send_async(self.http, method, url, headers, body))

    def _exchange(self, headers: Pairs) -> Tuple[Optional["Exchange"], Pairs, Any]:
        mark = next((value.decode() for name, value in headers if name.lower() == _MARK), None)
        if mark is None:
            return None, headers, None
        rest = [(name, value) for name, value in headers if name.lower() != _MARK]
        # Later pages of a list carry the mark of the first, and its limits of time.
        limits = [None if part == "None" else float(part) for part in mark.split(";")[1:]]
        return _under_way.get(mark), rest, dict(zip(("connect", "read", "write", "pool"), limits))


def _request(http: Any, method: str, url: str, headers: Pairs, body: Optional[bytes], timeout: Any) -> Any:
    pairs = [(name.encode("ascii"), value) for name, value in headers]
    request = http.build_request(method, url, headers=pairs, content=body)
    request.extensions["timeout"] = dict(timeout or dict.fromkeys(("connect", "read", "write", "pool")))
    return request


def with_token(headers: Pairs, token: str) -> Pairs:
    """The headers, with this token in the place of what they have."""
    told = f"Bearer {token}".encode()
    return [(name, told if name.lower() == "authorization" else value) for name, value in headers]


def _single(client: Any, http: Any, method: str, url: str, headers: Pairs, body: Optional[bytes], timeout: Any) -> Any:
    from ._httpx import _Reply

    if client is not None and (fresh := client._freshened(headers)) is not None:
        headers = fresh
    request = _request(http, method, url, headers, body, timeout)
    if client is not None:
        client._prepare_request(request)
    return _Reply(_sent(client, http, request, stream=True, follow_redirects=False))


async def _single_async(client: Any, http: Any, method: str, url: str, headers: Pairs, body: Optional[bytes], timeout: Any) -> Any:
    from ._httpx import _AsyncReply

    if client is not None and (fresh := client._freshened(headers)) is not None:
        headers = await fresh
    request = _request(http, method, url, headers, body, timeout)
    if client is not None:
        await client._prepare_request(request)
    return _AsyncReply(await _sent(client, http, request, stream=True, follow_redirects=False))


def _sent(client: Any, http: Any, request: Any, repeatable: bool = True, max_retries: Any = None, **options: Any) -> Any:
    """The response of the HTTP client, or the awaitable of one; a client with an identity gives the request its token before."""
    auth = None if client is None else client._workload_identity_auth
    if auth is None:
        return http.send(request, **options)
    send = auth.send_async if client._asynchronous else auth.send
    return send(client, http, request, repeatable=repeatable, max_retries=max_retries, **options)


class _In:
    """A coroutine whose steps run in the context of the call: the core has others take them."""

    def __init__(self, context: contextvars.Context, coroutine: Any) -> None:
        self._context, self._coroutine = context, coroutine

    def __await__(self) -> Generator[Any, Any, Any]:
        step, given = self._coroutine.send, None
        while True:
            try:
                awaited = self._context.run(step, given)
            except StopIteration as end:
                return end.value
            try:
                step, given = self._coroutine.send, (yield awaited)
            except BaseException as error:
                step, given = self._coroutine.throw, error


def _in_parts(headers: Pairs, body: Optional[bytes]) -> Pairs:
    """The headers; a form's own type in place of one by which nobody could read it."""
    if body is None or not body.startswith(b"--threadline-"):
        return headers
    boundary = body[2 : body.index(b"\r\n")]
    others = [pair for pair in headers if pair[0].lower() != "content-type"]
    return [*others, ("content-type", b"multipart/form-data; boundary=" + boundary)]


class _Failed:
    """Stands for a reply where there is none: the core is told not to try again, and what it makes of it is not shown."""

    status = 400
    headers = [("x-should-retry", "false"), ("content-type", "application/json")]

    def __init__(self) -> None:
        self._pieces = [b"{}"]

    def next(self) -> Optional[bytes]:
        return self._pieces.pop() if self._pieces else None

    def close(self) -> None:
        """Nothing is open."""


class _AsyncFailed(_Failed):
    async def next(self) -> Optional[bytes]:  # type: ignore[override]
        return super().next()

    async def close(self) -> None:  # type: ignore[override]
        """Nothing is open."""


def _is_timeout(error: BaseException) -> bool:
    return any(base.__name__ == "TimeoutException" for base in type(error).__mro__)


class EventsOf:
    """What the events of an operation become."""

    def __init__(self, operation: int) -> None:
        self.operation = operation

    @property
    def stream_mode(self) -> str:
        """`events` where errors are told of by events among others, after which the stream goes on."""
        from . import _operations as op

        return "events" if self.operation in (op.BETA_AGENTS_SESSIONS_CREATE, op.BETA_AGENTS_SESSIONS_EVENTS_STREAM) else "legacy"

    def __call__(self, text: str) -> Any:
        from . import _threadline as _native

        return _native.decode_event(self.operation, text)


class Exchange:
    """One call: its attempts, the request and the response of the last one, and what went wrong."""

    def __init__(self, client: Any, extra_headers: Any, timeout: Any, max_retries: Any, options: Mapping[str, Any] = {}) -> None:
        limit = client.timeout if isinstance(timeout, (NotGiven, Omit)) else timeout
        parts = [getattr(limit, part, None) if hasattr(limit, "read") else limit for part in ("connect", "read", "write", "pool")]
        self.client = client
        self.timeout = dict(zip(("connect", "read", "write", "pool"), parts))
        self.mark = ";".join(str(part) for part in (next(_numbers), *parts))
        self.extra_headers: Dict[str, Any] = dict(extra_headers or {})
        self.max_retries = client.max_retries if isinstance(max_retries, (NotGiven, Omit)) else max_retries
        self.options = options
        self.retries = 0
        self.key: Any = None
        self.request: Any = None
        self.response: Any = None
        self.failure: Optional[BaseException] = None
        #: What went wrong while the body was read.
        self.broken: Optional[BaseException] = None
        #: Whether the events of the response are read here, and not by the core.
        self.taken = False
        self.context = contextvars.copy_context()
        #: What sends, in an event loop: it ends with the call that it is for.
        self._task: Any = None

    def headers(self) -> Dict[str, Any]:
        """The call's own headers, with the mark."""
        return {**self.extra_headers, _MARK: self.mark}

    def _hooked(self) -> Any:
        """The options that a hook of the program's is to see; `None` where there is no hook."""
        place = self.client._options["provider"]
        if getattr(self.client._prepare_options, "_of_package", False) and not (place is not None and place.transforms):
            return None
        from ._own_models import FinalRequestOptions

        return FinalRequestOptions(method="post", url="", headers=dict(self.extra_headers), max_retries=self.max_retries)

    def prepare(self) -> None:
        """Lets the program's own `_prepare_options` change the headers."""
        options = self._hooked()
        if options is not None:
            options = self.client._prepare_options(options)
            if (place := self.client._options["provider"]) is not None:
                options = place.transform(options)
            self.extra_headers = {} if isinstance(options.headers, NotGiven) else dict(options.headers or {})

    async def prepare_async(self) -> None:
        """As :meth:`prepare`."""
        options = self._hooked()
        if options is not None:
            options = await self.client._prepare_options(options)
            if (place := self.client._options["provider"]) is not None:
                options = await place.transform_async(options)
            self.extra_headers = {} if isinstance(options.headers, NotGiven) else dict(options.headers or {})

    def __enter__(self) -> "Exchange":
        _under_way[self.mark] = self
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        _under_way.pop(self.mark, None)
        if self._task is not None and error is not None and not isinstance(error, Exception):
            self._task.cancel()
        if self.taken and isinstance(error, APIError):
            return True
        if self.failure is not None and error is not None:
            # Raised when the core's exception is gone, which would be shown with it.
            return True
        if isinstance(error, APIError) and self.response is not None:
            error.request = self.request
            if getattr(error, "response", None) is not None:
                error.response = self.response  # type: ignore[attr-defined]
            error.attempts = self.retries + 1
        return False

    def settle(self) -> None:
        """Raises what went wrong, in the end of a call."""
        if self.failure is not None:
            raise self.failure

    def events(self, cast_to: Any, mode: int, asynchronous: bool, stream_cls: Any = None) -> Any:
        """The stream, or the reply with it."""
        from ._foreign import ForeignReply
        from ._own_models import FinalRequestOptions
        from ._streaming import AsyncStream, Stream

        options = FinalRequestOptions(
            method=str(self.request.method).lower(),
            url=str(self.request.url),
            headers=dict(self.extra_headers),
            max_retries=self.max_retries,
            stream_mode=str(self.options.get("stream_mode") or getattr(cast_to, "stream_mode", "legacy")),
            synthesize_event_and_data=self.options.get("synthesize_event_and_data"),
        )
        if mode != VALUE:
            return ForeignReply(self.response, cast_to, self.client, True, None, options, self.retries, asynchronous)
        kind = get_origin(stream_cls) or stream_cls or (AsyncStream if asynchronous else Stream)
        return kind(cast_to=cast_to, response=self.response, client=self.client, options=options)

    def _attempt(self, http: Any, method: str, url: str, headers: Pairs, body: Optional[bytes]) -> Any:
        own = {name.lower() for name in self.extra_headers}
        told = list(headers)
        if "x-stainless-retry-count" not in own:
            told.append(("x-stainless-retry-count", str(self.retries).encode()))
        read = self.timeout["read"]
        if "x-stainless-read-timeout" not in own and read is not None:
            told.append(("x-stainless-read-timeout", str(read).encode()))
        told = _in_parts(self._fresh(told), body)
        log("debug", "Building HTTP request: method=%s retries_taken=%i", method.upper(), self.retries)
        told = self.client._credentials(told, own)
        return self.client._marked(_request(http, method, url, told, body, self.timeout))

    def _provider(self) -> Any:
        """Where a key of now comes from, if another attempt is made and the key comes from a function."""
        if getattr(self.client, "_token_provider", None) is not None:
            # Asked for the request itself.
            return None
        if self.client._options["provider"] is not None and self.client._options["http_client"] is not None:
            return None
        provider = self.client._options["api_key"]
        return provider if self.retries and callable(provider) and self.client._own_credentials_only else None

    def _fresh(self, headers: Pairs) -> Pairs:
        """The headers, with the key of now."""
        if self.key is None:
            return headers
        return with_token(headers, self.key)

    def _sending(self, request: Any) -> Dict[str, Any]:
        """How httpx is to send it."""
        accepts = request.headers.get("accept", "")
        chosen: Dict[str, Any] = {"stream": "event-stream" in accepts or bool(self.options.get("open"))}
        auth = self.client.custom_auth
        if auth is not None:
            chosen["auth"] = auth
        if self.client._options["provider"] is not None:
            # A credential is for the provider's own origin, and that of the HTTP client is none of it.
            chosen["follow_redirects"], chosen["auth"] = False, None
        elif self.options.get("follow_redirects") is not None:
            chosen["follow_redirects"] = self.options["follow_redirects"]
        log("debug", "Sending HTTP Request: %s", request.method)
        return chosen

    def _raised(self, error: BaseException) -> bool:
        """Whether another attempt is due after an exception; else it becomes that of the call."""
        from ._foreign import of_transport

        # What is no error of the HTTP client's is the program's own.
        if isinstance(error, OpenAIError) or not isinstance(error, Exception) or not of_transport(error):
            self.failure = error
            return False
        timed_out = _is_timeout(error)
        log("debug", "Encountered a timeout exception: %s" if timed_out else "Encountered exception: %s", type(error).__name__)
        if self.retries < self.max_retries and self.repeatable():
            return True
        log("debug", "Raising timeout error" if timed_out else "Raising connection error")
        made = APITimeoutError(request=self.request) if timed_out else APIConnectionError(request=self.request)
        made.kind, made.attempts, made.retryable = ("timeout" if timed_out else "connection"), self.retries + 1, True
        made.__cause__ = error
        self.failure = made
        return False

    def _again(self) -> bool:
        """Whether the response asks for another attempt."""
        response = self.response
        log("debug", "HTTP Response: %s %i", self.request.method, response.status_code)
        log("debug", "request_id: %s", response.headers.get("x-request-id"))
        if response.status_code < 400:
            return False
        log("debug", "Encountered an HTTP status error: %i", response.status_code)
        return self.retries < self.max_retries and bool(self.client._should_retry(response)) and self.repeatable()

    def repeatable(self) -> bool:
        """Whether the body can be sent once more."""
        return bool(self.options.get("repeatable", True))

    def _pause(self) -> Any:
        """Waits until the next attempt is due; asyncio's clients give what is to be awaited."""
        from ._own_models import FinalRequestOptions

        options = FinalRequestOptions(method=self.request.method, url=str(self.request.url), max_retries=self.max_retries)
        told = {"retries_taken": self.retries, "max_retries": self.max_retries, "options": options, "response": self.response}
        self.retries += 1
        return self.client._sleep_for_retry(**told)

    def _settled(self, reply: Any) -> Any:
        """The reply as the core is to see it: it makes no attempts of its own, and follows no redirects."""
        reply.exchange = self
        if self.options.get("raw") and reply.status < 300 and "json" in self.request.headers.get("accept", ""):
            # The program looks at the head; that there is nothing to read is told when it reads.
            reply.instead = b"{}"
        if reply.status >= 400:
            log("debug", "Re-raising status error")
            reply.headers = [pair for pair in reply.headers if pair[0].lower() != "x-should-retry"]
            reply.headers.append(("x-should-retry", "false"))
        return reply

    def _redirected(self) -> bool:
        """Whether the client has left a redirect where it is."""
        if 300 <= self.response.status_code < 400:
            self.failure = self.client._make_status_error_from_response(self.response)
        return self.failure is not None

    def _takes(self) -> bool:
        """Whether the response is a stream of events, which the program reads from httpx itself."""
        self.taken = self.response.status_code < 300 and "event-stream" in self.request.headers.get("accept", "")
        return self.taken

    def send(self, http: Any, method: str, url: str, headers: Pairs, body: Optional[bytes]) -> Any:
        from ._httpx import _Reply

        place = self.client._options["provider"]
        while True:
            self.response = None
            try:
                provider = self._provider()
                self.key = None if provider is None else provider()
                told = headers if (fresh := self.client._freshened(headers)) is None else fresh
            except Exception as error:
                self.failure = error
                return _Failed()
            self.request = request = self._attempt(http, method, url, told, body)
            try:
                self.client._prepare_request(request)
                response = _sent(self.client, http, request, self.repeatable(), self.max_retries, **self._sending(request))
                self.response = response = response if place is None else place.normalize(response)
            except BaseException as error:
                if not self._raised(error):
                    return _Failed()
                self._pause()
                continue
            if self._again():
                response.close()
                self._pause()
                continue
            if response.status_code >= 300:
                response.read()
                if self._redirected():
                    return _Failed()
            if self._takes():
                return _Failed()
            return self._settled(_Reply(response))

    async def send_async(self, http: Any, method: str, url: str, headers: Pairs, body: Optional[bytes]) -> Any:
        from ._httpx import _AsyncReply

        self._task, place = _current_task(), self.client._options["provider"]
        while True:
            self.response = None
            try:
                provider = self._provider()
                key: Any = None if provider is None else provider()
                self.key = await key if hasattr(key, "__await__") else key
                told = headers if (fresh := self.client._freshened(headers)) is None else await fresh
            except Exception as error:
                self.failure = error
                return _AsyncFailed()
            self.request = request = self._attempt(http, method, url, told, body)
            try:
                await self.client._prepare_request(request)
                sending = _sent(self.client, http, request, self.repeatable(), self.max_retries, **self._sending(request))
                response = await sending
                self.response = response = response if place is None else await place.normalize_async(response)
            except BaseException as error:
                if type(error).__name__ == "CancelledError":
                    # Nobody waits any more; or what answers for the server has raised it.
                    self.failure = error
                    return _AsyncFailed()
                if not self._raised(error):
                    return _AsyncFailed()
                await self._pause()
                continue
            if self._again():
                await response.aclose()
                await self._pause()
                continue
            if response.status_code >= 300:
                await response.aread()
                if self._redirected():
                    return _AsyncFailed()
            if self._takes():
                return _AsyncFailed()
            return self._settled(_AsyncReply(response))


def _current_task() -> Any:
    """The task of asyncio that runs this; `None` in another event loop."""
    import asyncio

    try:
        return asyncio.current_task()
    except RuntimeError:
        return None

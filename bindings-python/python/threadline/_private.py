"""What programs reach for inside of the official clients: requests by their parts, the rules of retries, the HTTP client."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from typing import Any, Dict, Mapping, Optional

from ._constants import RAW_RESPONSE_HEADER
from ._credentials import ambient_headers
from ._exceptions import OpenAIError
from ._http import URL, Headers, Request
from ._types import NotGiven, Omit
from ._version import __version__

__all__ = ["PrivateNames", "check_max_retries", "headers_of_call", "platform_headers", "private", "sent_headers"]

#: Providers read in it which client calls.
_USER_AGENT = f"Threadline/Python {__version__}"


@lru_cache(maxsize=1)
def platform_headers() -> Mapping[str, str]:
    """What the headers of a request say of this process."""
    system = {"linux": "Linux", "darwin": "MacOS", "win32": "Windows", "cygwin": "Windows"}.get(sys.platform, "Unknown")
    machine = (os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "")).lower()
    arch = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64", "arm": "arm", "i686": "x32"}
    implementation = sys.implementation.name
    runtime = {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalVM"}.get(implementation, implementation)
    return {
        "X-Stainless-Lang": "python",
        "X-Stainless-Package-Version": __version__,
        "X-Stainless-OS": system,
        "X-Stainless-Arch": arch.get(machine, f"other:{machine}" if machine else "unknown"),
        "X-Stainless-Runtime": runtime,
        "X-Stainless-Runtime-Version": ".".join(str(part) for part in sys.version_info[:3]),
    }


def check_alone(provider: Any, **given: Any) -> None:
    """Raises :class:`OpenAIError` for options that say what the provider of a client says."""
    for name, value in given.items():
        if value is not None and not isinstance(value, NotGiven):
            raise OpenAIError(
                f"`provider` cannot be combined with top-level `{name}`: set address and credentials with `{provider.name.lower()}(...)`"
            )


def of_another_provider(options: Dict[str, Any], provider: Any) -> Dict[str, Any]:
    """What a copy keeps of a client's options. What was meant for one provider is not told another."""
    before = options["provider"]
    if isinstance(provider, NotGiven) or provider is before:
        return options
    kept = {**options, "organization": None, "project": None, "admin_api_key": None, "workload_identity": None, "residency": None}
    kept.update(default_headers={}, ambient_headers={})
    return {**kept, "provider": None, "api_key": None, "base_url": None, "ambient_headers": ambient_headers()} if provider is None else kept


def check_max_retries(value: Any) -> None:
    """Refuses a number of retries that is none."""
    if value is None:
        raise TypeError("max_retries cannot be None. If you want to disable retries, pass `0`; for the default, leave it out")
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"max_retries must be an int, not {value!r}")
    if value < 0:
        raise ValueError(f"max_retries must not be negative, but is {value}")


def _merged(*mappings: Optional[Mapping[str, Any]]) -> Dict[str, str]:
    """Headers of several sources: later ones win, in any case, and :data:`omit` takes one away."""
    names: Dict[str, str] = {}
    merged: Dict[str, Any] = {}
    for mapping in mappings:
        for name, value in (mapping or {}).items():
            merged.pop(names.get(name.lower(), name), None)
            names[name.lower()] = name
            merged[name] = value
    return {name: value for name, value in merged.items() if value is not None and not isinstance(value, (Omit, NotGiven))}


def default_headers(client: Any) -> Dict[str, Any]:
    """The headers of every request of a client."""
    held = client._options
    own = {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": client.user_agent,
        **platform_headers(),
        **client.auth_headers,
        "X-Stainless-Async": "async:asyncio" if client._asynchronous else "false",
        "OpenAI-Organization": held["organization"],
        "OpenAI-Project": held["project"],
    }
    return _merged(own, client._custom_headers)


def shown_headers(client: Any) -> Dict[str, Any]:
    """The headers that a client shows as those of every request: of credentials only those that the program has given as headers."""
    held, made = client._options, default_headers(client)
    named = {name.lower() for name in client._custom_headers}
    for name in client.auth_headers:
        if name.lower() not in named:
            made.pop(name, None)
    absent = {"OpenAI-Organization": held["organization"], "OpenAI-Project": held["project"]}
    return {**{name: Omit() for name, value in absent.items() if value is None and name.lower() not in named}, **made}


def headers_of_call(client: Any, method: str, arguments: Mapping[str, Any], retries: int) -> Dict[str, str]:
    """The headers of a call that was made, as far as client and arguments tell."""
    extra = arguments.get("extra_headers") or {}
    more: Dict[str, Any] = {"X-Stainless-Retry-Count": str(retries)}
    return _merged(default_headers(client), more, extra)


def credential(client: Any, security: Mapping[str, Any]) -> Optional[str]:
    """The credential of a request that says which it takes; `None` where the client's own does.

    Raises :class:`TypeError` where the client has none of that kind.
    """
    admin, bearer = security.get("admin_api_key_auth"), security.get("bearer_auth")
    held = client._options
    if admin and held["admin_api_key"] and not bearer:
        return f"Bearer {held['admin_api_key']}"
    missing = (bearer and not held["api_key"] or not bearer and not held["admin_api_key"]) and not held["workload_identity"]
    if (admin or bearer) and missing and client._own_credentials_only:
        raise TypeError(
            "Could not resolve authentication method. Expected either api_key or admin_api_key to be set. "
            "Or for the `Authorization` header to be explicitly omitted."
        )
    return None


def sent_headers(client: Any) -> Dict[str, str]:
    """What the core does not send by itself of a client's default headers."""
    own = {"User-Agent": _USER_AGENT, **platform_headers()}
    return _merged(own, client._custom_headers)


def private(client: Any, name: str) -> Any:
    """A member of :class:`PrivateNames`, of this client.

    Raises :class:`AttributeError` if there is none of that name.
    """
    found = vars(PrivateNames).get(name)
    if found is None or name.startswith("__"):
        raise AttributeError(f"{type(client).__name__!r} object has no attribute {name!r}")
    return found.__get__(client, type(client)) if hasattr(found, "__get__") else found


#: The longest wait that a server may ask for and be heeded, in seconds.
_LONGEST_RETRY_AFTER = 120


async def _same(value: Any) -> Any:
    return value


def _seconds(told: Any) -> Optional[float]:
    """A time in digits; words such as `inf` are none."""
    try:
        return float(told) if any(letter.isdigit() for letter in told) else None
    except (TypeError, ValueError):
        return None


async def _slept(seconds: float) -> None:
    import sys

    if "anyio" in sys.modules:
        await sys.modules["anyio"].sleep(seconds)
        return
    import asyncio

    await asyncio.sleep(seconds)


class PrivateNames:
    """Members of the official clients that our own code has no use for."""

    _options: Dict[str, Any]
    default_query: Dict[str, Any]
    _asynchronous: bool
    max_retries: Any
    timeout: Any
    base_url: URL
    _version = __version__
    _changed: Any
    _strict_response_validation: bool
    _fresh_key: str
    api_key: str
    _custom_headers: Any
    _workload_identity_auth: Any

    def _prepare_options(self, options: Any) -> Any:
        """What a subclass may change of every request, before it is made: its headers."""
        return _same(options) if self._asynchronous else options

    def _prepare_request(self, request: Any) -> Any:
        """What a subclass may change of every request of httpx, before it is sent."""
        provider = self._options["provider"]
        if provider is not None and (provider.signs or self._options["http_client"] is not None or "authorization" not in request.headers):
            return provider.prepare_async(request) if self._asynchronous else provider.prepare(request)
        return _same(None) if self._asynchronous else None

    def _send_request(self, request: Any, *, stream: bool = False, **options: Any) -> Any:
        """Sends a request of httpx as it is."""
        auth, http = self._workload_identity_auth, self._client
        if auth is None:
            return http.send(request, stream=stream, **options)
        send = auth.send_async if self._asynchronous else auth.send
        return send(self, http, request, stream=stream, **options)

    def _credentials(self, headers: Any, own: Any) -> Any:
        """What a subclass adds to the headers of a request through a client of httpx; `own` are names that the call gives itself."""
        return headers

    def _marked(self, request: Any) -> Any:
        """What a subclass notes on a request of httpx."""
        return request

    def _process_response_data(self, *, data: Any, cast_to: Any, response: Any) -> Any:
        """The data of a reply as a type; checked by clients with ``_strict_response_validation``."""
        from ._strict import process

        return process(self, data, cast_to, response)

    def _should_stream_response_body(self, request: Any) -> bool:
        return request.headers.get(RAW_RESPONSE_HEADER) == "stream"

    @property
    def _provider(self) -> Any:
        """The place that serves the API in OpenAI's stead."""
        return self._options["provider"]

    @property
    def _client(self) -> Any:
        """The HTTP client, of httpx. If none was given, one is made, and calls go through it from then on."""
        from ._httpx import own_client

        held = self._options["http_client"]
        if held is None:
            # Copies and their original have one.
            family = self.__dict__.setdefault("_family", {})
            if "http" not in family:
                family["http"] = own_client(self._asynchronous, self.base_url)
            held = self._options["http_client"] = family["http"]
            self._changed()
        return held

    @property
    def qs(self) -> Any:
        from ._qs import Querystring

        return Querystring(array_format="brackets")

    @property
    def user_agent(self) -> str:
        return _USER_AGENT

    @property
    def custom_auth(self) -> None:
        return None

    def platform_headers(self) -> Dict[str, str]:
        return dict(platform_headers())

    def _validate_headers(self, headers: Any, custom_headers: Any) -> None:
        """Nothing is missing: credentials are checked when the client is made."""

    def _idempotency_key(self) -> str:
        import uuid

        return f"stainless-python-retry-{uuid.uuid4()}"

    def _enforce_trailing_slash(self, url: Any) -> URL:
        return URL(str(url) if str(url).endswith("/") else f"{url}/")

    def _prepare_url(self, url: str) -> URL:
        """The address of a path below the base; an address stays what it is."""
        if "://" in url:
            return URL(url)
        return URL(f"{str(self.base_url).rstrip('/')}/{url.lstrip('/')}")

    def _build_headers(self, options: Any, *, retries_taken: int = 0) -> Headers:
        given = {} if isinstance(options.headers, NotGiven) else dict(options.headers or {})
        more: Dict[str, Any] = {"X-Stainless-Retry-Count": str(retries_taken)}
        timeout = self.timeout if isinstance(options.timeout, NotGiven) else options.timeout
        read = getattr(timeout, "read", timeout)
        if read is not None:
            more["X-Stainless-Read-Timeout"] = str(read)
        if options.idempotency_key and options.method.lower() != "get":
            more["Idempotency-Key"] = options.idempotency_key
        return Headers(_merged(default_headers(self), more, self._credential(options, given), given))

    def _credential(self, options: Any, given: Mapping[str, Any]) -> Dict[str, Any]:
        """The header of the credential that the request asks for."""
        if any(name.lower() == "authorization" for name in (*given, *self._custom_headers)):
            return {}
        security = getattr(options, "security", None) or {}
        found = credential(self, security)
        return {} if found is None else {"Authorization": found}

    def _build_request(self, options: Any, *, retries_taken: int = 0) -> Any:
        """The request of these options, as an object of httpx where httpx is installed."""
        headers = self._build_headers(options, retries_taken=retries_taken)
        query = {**self.default_query, **dict(options.params or {})}
        body = options.json_data
        if options.extra_json is not None:
            body = options.extra_json if body is None else {**body, **options.extra_json}
        url = self._prepare_url(options.url)
        timeout = self.timeout if isinstance(options.timeout, NotGiven) else options.timeout
        pairs = self.qs.stringify_items(query)
        return _request(options, url, headers, pairs, body, timeout, self._options["http_client"])

    def _calculate_retry_timeout(self, remaining_retries: int, options: Any, response_headers: Any = None) -> float:
        """How long the official package waits before a retry, in seconds. Calls that the core sends follow the core's rules."""
        from importlib import import_module

        asked = self._parse_retry_after_header(response_headers)
        if asked is not None and 0 < asked <= _LONGEST_RETRY_AFTER:
            return asked
        tries = min(options.get_max_retries(self.max_retries) - remaining_retries, 1000)
        # A part of it is chance, so that clients that failed together do not come back together.
        return max(float(min(0.5 * 2.0**tries, 8.0) * (1 - 0.25 * import_module("threadline._base_client").random())), 0.0)

    def _sleep_for_retry(self, *, retries_taken: int, max_retries: int, options: Any, response: Any) -> Any:
        """Waits before another attempt; asyncio's clients give what is to be awaited."""
        from ._log import log

        left = max_retries - retries_taken
        log("debug", "1 retry left") if left == 1 else log("debug", "%i retries left", left)
        seconds = float(self._calculate_retry_timeout(left, options, None if response is None else response.headers))
        log("info", "Retrying request in %f seconds (retry %i of %s)", seconds, retries_taken + 1, max_retries)
        if self._asynchronous:
            return _slept(seconds)
        import time

        time.sleep(seconds)
        return None

    def _parse_retry_after_header(self, response_headers: Any = None) -> Optional[float]:
        """What the server asked to wait, in seconds."""
        if response_headers is None:
            return None
        milliseconds, asked = _seconds(response_headers.get("retry-after-ms")), response_headers.get("retry-after")
        seconds = milliseconds / 1000 if milliseconds is not None else _seconds(asked)
        if seconds is not None or not isinstance(asked, str) or not any(letter.isdigit() for letter in asked):
            return seconds
        import email.utils
        import time

        try:
            when = email.utils.parsedate_tz(asked)
            return None if when is None else float(email.utils.mktime_tz(when) - time.time())
        except (OverflowError, ValueError):
            return None

    def _should_retry(self, response: Any) -> bool:
        """Whether the official package repeats a request after this reply."""
        from ._log import log

        wait = self._parse_retry_after_header(response.headers)
        if wait is not None and wait > _LONGEST_RETRY_AFTER:
            told = "Not retrying because `Retry-After` of %s seconds exceeds the maximum of %s seconds"
            log("debug", told, wait, _LONGEST_RETRY_AFTER)
            return False
        asked = response.headers.get("x-should-retry")
        if asked in ("true", "false"):
            log("debug", f"{'Retrying' if asked == 'true' else 'Not retrying'} as header `x-should-retry` is set to `{asked}`")
            return bool(asked == "true")
        again: bool = response.status_code in (408, 409, 429) or response.status_code >= 500
        log("debug", "Retrying due to status code %i", response.status_code) if again else log("debug", "Not retrying")
        return again

    def _refresh_api_key(self) -> Any:
        """Asks the key's provider, where the key has one; the client then knows the key."""
        if self._asynchronous:
            return self._refresh_api_key_async()
        provider = self._options["api_key"]
        if not callable(provider):
            return self.api_key
        # What this caller is given is its own, whoever asks at the same time.
        key = self._fresh_key = provider()
        return key

    async def _refresh_api_key_async(self) -> Any:
        provider = self._options["api_key"]
        if not callable(provider):
            return self.api_key
        found = provider()
        key = self._fresh_key = await found if hasattr(found, "__await__") else found
        return key

    def _make_status_error_from_response(self, response: Any) -> Any:
        """The exception of a reply."""
        import json

        text = response.text.strip()
        try:
            body: Any = json.loads(text)
        except ValueError:
            body = text
        inner = body.get("error", body) if isinstance(body, Mapping) else None
        told = inner.get("message") if isinstance(inner, Mapping) else None
        message = f"Error code: {response.status_code}" + (f" - {told}" if isinstance(told, str) and told else "")
        return self._make_status_error(message, body=body, response=response)

    def _make_status_error(self, err_msg: str, *, body: object, response: Any) -> Any:
        from ._exceptions import class_of_status

        inner = body.get("error", body) if isinstance(body, Mapping) else body
        return class_of_status(response.status_code)(err_msg, response=response, body=inner)


def _request(options: Any, url: URL, headers: Headers, query: Any, body: Any, timeout: Any, client: Any) -> Any:
    from ._httpx import module_of

    try:
        httpx = module_of(client)
    except ImportError:
        from urllib.parse import urlencode

        from ._utils._json import openapi_dumps

        address = f"{url}?{urlencode(query)}" if query else str(url)
        content = b"" if body is None else openapi_dumps(body)
        return Request(options.method.upper(), address, headers, content)
    sent: Dict[str, Any] = {}
    if options.files:
        from ._files import to_httpx_files

        headers = headers.copy()
        if "boundary" not in headers.get("content-type", ""):
            headers.pop("content-type", None)
        sent = {"files": to_httpx_files(options.files), "data": _form(body)}
    elif isinstance(options.content, (str, bytes)) or options.content is not None:
        sent = {"content": options.content}
    elif body is not None:
        from ._utils._json import openapi_dumps

        sent = {"content": openapi_dumps(body)} if options.method.lower() != "get" else {"json": body}
    parts = [timeout.connect, timeout.read, timeout.write, timeout.pool] if hasattr(timeout, "connect") else [timeout] * 4
    extensions = {"timeout": dict(zip(("connect", "read", "write", "pool"), parts))}
    known = httpx.URL(str(url))
    if query:
        known = known.copy_merge_params(query)
    return httpx.Request(options.method.upper(), known, headers=headers.multi_items(), extensions=extensions, **sent)


def _form(body: Any) -> Dict[str, Any]:
    from ._qs import Querystring

    made: Dict[str, Any] = {}
    for key, value in Querystring(array_format="brackets").stringify_items(body or {}):
        made[key] = [*(made[key] if isinstance(made.get(key), list) else [made[key]]), value] if key in made else value
    return made


PrivateNames._prepare_options._of_package = True  # type: ignore[attr-defined]

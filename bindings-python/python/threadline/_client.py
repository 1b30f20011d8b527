"""The clients: settings, and the resources by their names."""

from __future__ import annotations

import os
import sys
from threading import Lock
from typing import TYPE_CHECKING, Any, Awaitable, Callable, ClassVar, Dict, Mapping, Optional, Tuple, TypeVar, Union, cast

from . import _threadline as _native
from ._constants import DEFAULT_MAX_RETRIES
from ._credentials import PLACEHOLDER as WORKLOAD_IDENTITY_API_KEY_PLACEHOLDER
from ._credentials import Credentials, ambient_headers, switched
from ._data_residency import resolve_data_residency
from ._exceptions import OpenAIError
from ._identities import WorkloadIdentity, X509WorkloadIdentity
from ._private import check_alone, check_max_retries, of_another_provider, private, sent_headers, shown_headers
from ._resource import AsyncRawView, AsyncStreamingView, RawView, StreamingView, cached_property, client_resources
from ._timeout import Timeout
from ._types import NotGiven, not_given
from ._undocumented import AsyncMethods, SyncMethods

if TYPE_CHECKING:
    from .resources._client_resources import AsyncClientResources, SyncClientResources
else:
    SyncClientResources, AsyncClientResources = client_resources()

__all__ = ["AsyncClient", "AsyncOpenAI", "Client", "OpenAI"]

C = TypeVar("C", bound="_Base")
_making = Lock()


def _forget_lock() -> None:
    # A thread that is none of the child's may have held it.
    global _making
    _making = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock)

#: Options of a client that a copy can change while it shares connections with its original.
_SHARED = ("organization", "project", "webhook_secret", "timeout", "max_retries")
#: Options that only copies take: limits of streams and the delay of a second try of reads (seconds), and whether calls are recorded
#: for :meth:`observed`.
_OF_CALLS = ("idle_timeout", "first_event_timeout", "hedge_after", "observe")


def _env(name: str) -> Optional[str]:
    value = os.environ.get(name)
    return value.strip() or None if value else None


class _Setting:
    """An option that may be changed later; the connection settings follow."""

    def __set_name__(self, owner: Any, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: Any) -> Any:
        return self if instance is None else instance._options.get(self.name)

    def __set__(self, instance: Any, value: Any) -> None:
        instance._options[self.name] = value
        instance._changed()


class _Private:
    """A member that only programs ask for: it is looked up when they do."""

    def __set_name__(self, owner: Any, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: Any) -> Any:
        from ._private import PrivateNames

        found = vars(PrivateNames)[self.name]
        return found if instance is None else found.__get__(instance, owner)


#: Modules whose presence says that this process may have calls of httpx answered by something else.
_TESTING = ("pytest", "unittest.mock", "respx", "pytest_httpx", "vcr", "pook")


class _Base(Credentials):
    """What the clients have in common."""

    _asynchronous = False
    organization: Any = _Setting()
    project: Any = _Setting()
    webhook_secret: Any = _Setting()
    admin_api_key: Any = _Setting()
    max_retries: Any = _Setting()
    websocket_base_url: Any = _Setting()

    def __init__(
        self,
        *,
        api_key: Union[str, Callable[[], Any], None] = None,
        admin_api_key: Optional[str] = None,
        workload_identity: Union[WorkloadIdentity, X509WorkloadIdentity, None] = None,
        organization: Optional[str] = None,
        project: Optional[str] = None,
        webhook_secret: Optional[str] = None,
        provider: Any = None,
        base_url: Union[str, None, NotGiven] = not_given,
        data_residency: Optional[str] = None,
        websocket_base_url: Optional[str] = None,
        timeout: Union[float, Timeout, None, NotGiven] = not_given,
        max_retries: int = DEFAULT_MAX_RETRIES,
        default_headers: Optional[Mapping[str, str]] = None,
        default_query: Optional[Mapping[str, object]] = None,
        http_client: Any = None,
        assistants: Union[str, Mapping[str, Any], None] = None,
        vectors: Optional[str] = None,
        proxy: Optional[str] = None,
        network: Optional[Mapping[str, Any]] = None,
        _strict_response_validation: bool = False,
        _enforce_credentials: bool = True,
    ) -> None:
        if max_retries != float("inf"):
            check_max_retries(max_retries)
        if http_client is not None:
            from ._httpx import check_kind

            check_kind(http_client, self._asynchronous)
        if data_residency is not None:
            resolve_data_residency(data_residency, base_url, provider=provider, websocket_base_url=websocket_base_url)
        if provider is not None:
            check_alone(provider, api_key=api_key, admin_api_key=admin_api_key, workload_identity=workload_identity, base_url=base_url)
            base_url, api_key = provider.base_url, provider.key
            if provider.signs and http_client is None:
                from ._httpx import own_client

                http_client = own_client(self._asynchronous)
        if api_key is not None and workload_identity is not None:
            raise OpenAIError("The `api_key` and `workload_identity` arguments are mutually exclusive: give one of them")
        if workload_identity is not None:
            from .auth import checked_identity

            workload_identity = checked_identity(workload_identity)
        if isinstance(base_url, NotGiven) or base_url is None:
            base_url = _env("OPENAI_BASE_URL") if data_residency is None else None
        self._options: Dict[str, Any] = {
            "api_key": api_key if api_key is not None or provider is not None else self._ambient_key(workload_identity),
            "admin_api_key": admin_api_key or (None if provider is not None else _env("OPENAI_ADMIN_KEY")),
            "provider": provider,
            "workload_identity": workload_identity,
            "organization": organization if organization is not None else _env("OPENAI_ORG_ID"),
            "project": project if project is not None else _env("OPENAI_PROJECT_ID"),
            "webhook_secret": webhook_secret if webhook_secret is not None else _env("OPENAI_WEBHOOK_SECRET"),
            "base_url": None if base_url is None else str(base_url),
            "residency": data_residency,
            "websocket_base_url": websocket_base_url,
            "timeout": timeout,
            "max_retries": max_retries,
            "default_headers": dict(default_headers or {}),
            "ambient_headers": ambient_headers() if provider is None else {},
            "default_query": dict(default_query or {}),
            "http_client": http_client,
            "assistants": assistants,
            "vectors": vectors,
            "proxy": proxy,
            "network": dict(network or {}),
        }
        self._strict_response_validation = _strict_response_validation
        self._made: Any = None
        self._stand_in: Any = None
        self._closed = False
        if _enforce_credentials and provider is None:
            self._check_credentials()
        self._identified()

    def _settings(self) -> Dict[str, Any]:
        """The options as the native module takes them."""
        held = self._options
        settings: Dict[str, Any] = dict(held["network"])
        settings.update({name: held[name] for name in _OF_CALLS if name in held})
        for name in ("admin_api_key", "organization", "project", "webhook_secret", "max_retries", "vectors", "proxy"):
            if held[name] is not None:
                settings[name] = held[name]
        if (address := self._own_address()) is not None:
            settings["base_url"] = address
        settings["max_retries"] = min(settings["max_retries"], 2**31)
        self._add_timeout(settings, self._own_timeout())
        settings["headers"] = sent_headers(self)
        if held["default_query"]:
            settings["query"] = held["default_query"]
        through = held["http_client"] if held["http_client"] is not None else self._standing_in()
        if through is not None:
            from ._exchange import Through

            settings["transport"] = Through(self, through)
        self._add_identity(settings)
        if held["assistants"] is not None:
            from ._seam import described

            settings["assistants"] = described(held["assistants"])
        return settings

    @staticmethod
    def _add_timeout(settings: Dict[str, Any], timeout: Any) -> None:
        if isinstance(timeout, NotGiven):
            return
        settings["timeout"] = timeout
        connect = getattr(timeout, "connect", None)
        if connect is not None:
            settings["connect_timeout"] = float(connect)

    @property
    def _native(self) -> Any:
        if self._made is None:
            # Two threads that come first would have connections of their own.
            with _making:
                if self._made is None:
                    self._made = _native.Client(self._settings())
        return self._made

    def _standing_in(self) -> Any:
        """A client of httpx's kind, while something in this process answers for these; calls go through it, so that they are seen."""
        if "httpx" not in sys.modules and "httpx2" not in sys.modules:
            return None
        from ._httpx import intercepted, own_client

        module = intercepted()
        if module is None:
            if self._stand_in is not None and not self._asynchronous:
                self._stand_in.close()
            self._stand_in = None
        elif self._stand_in is None or type(self._stand_in).__mro__[1].__module__.partition(".")[0] != module:
            self._stand_in = own_client(self._asynchronous, module=module)
        return self._stand_in

    def _through(self) -> bool:
        """Whether calls go through a client of httpx's kind now."""
        if self._options["http_client"] is not None:
            return True
        before = self._stand_in
        now = self._standing_in()
        if now is not before:
            self._made = None
        return now is not None

    @property
    def _calls(self) -> Any:
        """What makes the calls: the native client, or what watches over them."""
        is_watched = self._options["http_client"] is not None or self._strict_response_validation or self._has_own_defaults
        if not is_watched and not any(name in sys.modules for name in _TESTING):
            if "logging" not in sys.modules:
                return self._native
            from ._log import enabled

            if not enabled():
                return self._native
        from ._calls import Calls

        return Calls(self)

    _build_headers: Any = _Private()
    _credential: Any = _Private()
    _refresh_api_key: Any = _Private()
    _refresh_api_key_async: Any = _Private()
    _build_request: Any = _Private()
    _calculate_retry_timeout: Any = _Private()
    _client: Any = _Private()
    _enforce_trailing_slash: Any = _Private()
    _idempotency_key: Any = _Private()
    _make_status_error: Any = _Private()
    _make_status_error_from_response: Any = _Private()
    _parse_retry_after_header: Any = _Private()
    _prepare_options: Any = _Private()
    _prepare_request: Any = _Private()
    _prepare_url: Any = _Private()
    _should_retry: Any = _Private()
    _should_stream_response_body: Any = _Private()
    _sleep_for_retry: Any = _Private()
    _validate_headers: Any = _Private()
    custom_auth: Any = _Private()
    platform_headers: Any = _Private()
    qs: Any = _Private()
    user_agent: Any = _Private()

    def _changed(self) -> None:
        # Resources hold the native client, so it stays the same object.
        if self._made is not None:
            self._made.configure(self._settings())

    def _own_timeout(self) -> Any:
        """The limit that was given, to the client or to the HTTP client beneath it."""
        given = self._options["timeout"]
        theirs = getattr(self._options["http_client"], "timeout", None)
        if not isinstance(given, NotGiven) or theirs is None:
            return given
        # Five seconds for everything is what httpx does unasked.
        unasked = all(getattr(theirs, part, None) == 5.0 for part in ("connect", "read", "write", "pool"))
        return given if unasked or not hasattr(theirs, "read") else theirs

    @property
    def timeout(self) -> Any:
        """The limit of a call, as it was given."""
        given = self._own_timeout()
        if not isinstance(given, NotGiven):
            return given
        from ._constants import DEFAULT_TIMEOUT

        return DEFAULT_TIMEOUT

    @timeout.setter
    def timeout(self, value: Any) -> None:
        self._options["timeout"] = value
        self._changed()

    @property
    def default_headers(self) -> Dict[str, Any]:
        """Headers that every request carries, but for its credentials; the core adds those of its body."""
        return shown_headers(self)

    @property
    def _has_own_defaults(self) -> bool:
        """Whether a subclass of the program's says which headers every request carries."""
        return any("default_headers" in vars(cls) for cls in type(self).__mro__ if cls.__module__.partition(".")[0] != "threadline")

    @property
    def default_query(self) -> Dict[str, Any]:
        """Query parameters that every request carries."""
        return dict(self._options["default_query"])

    _custom_query = default_query

    def usage(self) -> Any:
        """What the client has used, where it was made with ``network={"usage": True}``."""
        import json

        text = self._native.usage()
        return None if text is None else json.loads(text)

    def observed(self) -> Any:
        """Records of the calls made since this was last asked, of a client made by ``with_options(observe=True)``."""
        import json

        return [json.loads(text) for text in self._native.take_observed()]

    def copy(
        self: C,
        *,
        api_key: Any = None,
        admin_api_key: Optional[str] = None,
        workload_identity: Union[WorkloadIdentity, X509WorkloadIdentity, None] = None,
        provider: Any = not_given,
        organization: Optional[str] = None,
        project: Optional[str] = None,
        webhook_secret: Optional[str] = None,
        websocket_base_url: Optional[str] = None,
        base_url: Union[str, None, NotGiven] = not_given,
        data_residency: Optional[str] = None,
        timeout: Union[float, Timeout, None, NotGiven] = not_given,
        http_client: Any = None,
        max_retries: Union[int, NotGiven] = not_given,
        default_headers: Optional[Mapping[str, str]] = None,
        set_default_headers: Optional[Mapping[str, str]] = None,
        default_query: Optional[Mapping[str, object]] = None,
        set_default_query: Optional[Mapping[str, object]] = None,
        assistants: Optional[str] = None,
        vectors: Optional[str] = None,
        proxy: Optional[str] = None,
        network: Optional[Mapping[str, Any]] = None,
        _enforce_credentials: Optional[bool] = None,
        _extra_kwargs: Mapping[str, Any] = {},
        **options: Any,
    ) -> C:
        """A client with some options changed; it shares connections where that can be."""
        if default_headers is not None and set_default_headers is not None:
            raise ValueError("The `default_headers` and `set_default_headers` arguments are mutually exclusive")
        if default_query is not None and set_default_query is not None:
            raise ValueError("The `default_query` and `set_default_query` arguments are mutually exclusive")
        if data_residency is not None:
            if not self._own_credentials_only:
                raise OpenAIError("`data_residency` is only supported by OpenAI clients")
            inherited = self._options["provider"] if isinstance(provider, NotGiven) else provider
            resolve_data_residency(data_residency, base_url, provider=inherited, websocket_base_url=websocket_base_url)
        changes: Dict[str, Any] = {
            "api_key": api_key,
            "admin_api_key": admin_api_key,
            "workload_identity": workload_identity,
            "organization": organization,
            "project": project,
            "webhook_secret": webhook_secret,
            "websocket_base_url": websocket_base_url,
            "http_client": http_client,
            "assistants": assistants,
            "vectors": vectors,
            "proxy": proxy,
            "network": network,
            "provider": None if isinstance(provider, NotGiven) else provider,
            **_extra_kwargs,
            **options,
        }
        unknown = set(changes) - set(self._options) - set(_OF_CALLS)
        if unknown:
            raise TypeError(f"with_options() got an unexpected keyword argument '{sorted(unknown)[0]}'")
        changes = {name: value for name, value in changes.items() if value is not None}
        if data_residency is not None:
            # The address of connections belongs to the one that is replaced.
            changes.update(residency=data_residency, websocket_base_url=None, base_url=None)
        if "provider" in changes:
            changes["api_key"], base_url = changes["provider"].key, changes["provider"].base_url
        if not isinstance(base_url, NotGiven) and base_url is not None:
            changes["base_url"] = str(base_url)
        if not isinstance(timeout, NotGiven):
            changes["timeout"] = timeout
        if not isinstance(max_retries, NotGiven):
            check_max_retries(max_retries)
            changes["max_retries"] = max_retries
        own = of_another_provider(self._options, provider)
        changes = switched(changes, own)
        if set_default_headers is not None:
            changes["default_headers"] = dict(set_default_headers)
        elif default_headers:
            changes["default_headers"] = {**own["default_headers"], **default_headers}
        if set_default_query is not None:
            changes["default_query"] = dict(set_default_query)
        elif default_query:
            changes["default_query"] = {**own["default_query"], **default_query}
        return self._derive(changes, own)

    with_options = copy

    def _derive(self: C, changes: Dict[str, Any], own: Dict[str, Any]) -> C:
        made = type(self).__new__(type(self))
        self.__dict__.setdefault("_family", {})
        made.__dict__.update({name: value for name, value in self.__dict__.items() if name in self._KEPT})
        made._options = {**own, **changes}
        made._closed = False
        made._made = made._stand_in = None
        made._identified()
        if self._through() or changes.get("http_client") is not None:
            return made
        replaced = {name for name in ("default_headers", "default_query") if set(own[name]) - set(made._options[name])}
        shareable = {*_SHARED, *_OF_CALLS, "base_url", "residency", "api_key", "admin_api_key", "default_headers", "default_query"} - replaced
        connect = getattr(changes.get("timeout"), "connect", None)
        if shareable.issuperset(changes) and connect is None and not callable(changes.get("api_key")):
            settings = {name: changes[name] for name in (*_SHARED, *_OF_CALLS, "api_key", "admin_api_key") if name in changes}
            if "base_url" in changes:
                settings["base_url"] = made._own_address()
            if "default_headers" in changes:
                settings["headers"] = changes["default_headers"]
            if "default_query" in changes:
                settings["query"] = changes["default_query"]
            made._made = self._native.with_options(settings)
        return made

    _KEPT: ClassVar[Tuple[str, ...]] = ("_strict_response_validation", "_azure", "_family")

    def is_closed(self) -> bool:
        """Whether the client was closed."""
        return self._closed

    def __getattr__(self, name: str) -> Any:
        return private(self, name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.base_url}>"

    def __copy__(self: C) -> C:
        return self.copy()

    def __getstate__(self) -> Any:
        raise TypeError("a client cannot be pickled: make one in each process")


class OpenAI(_Base, SyncMethods, SyncClientResources):
    """A client of the API.

    .. code-block:: python

        from threadline import OpenAI

        client = OpenAI()  # OPENAI_API_KEY from the environment
        reply = client.responses.create(model="gpt-5.2", input="Hello")

    ``assistants="sqlite:assistants.db"`` serves the assistants endpoints in this process. ``vectors="numpy"`` gives embeddings as arrays.
    ``network`` holds settings of the connections: ``ca_file``, ``client_cert_file``, ``client_key_file``, ``no_proxy``, ``resolve``,
    ``idle_timeout``, ``first_event_timeout``, ``hedge_after``, ``limits``, ``retry_budget``, ``cassette``, ``usage``.
    """

    @cached_property
    def with_raw_response(self) -> Any:
        """The same resources, whose methods return the reply with its headers."""
        return RawView(self)

    @cached_property
    def with_streaming_response(self) -> Any:
        """The same resources, whose methods return a context manager of the reply before its body is read."""
        return StreamingView(self)

    def close(self) -> None:
        """Marks the client as closed, and closes its `http_client`. Connections of the core end when nothing uses them any more."""
        self._closed = True
        http = self._options["http_client"]
        if http is not None:
            http.close()

    def __enter__(self: C) -> C:
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self.close()


class AsyncOpenAI(_Base, AsyncMethods, AsyncClientResources):
    """A client of the API for asyncio. See :class:`OpenAI`."""

    _asynchronous = True

    if TYPE_CHECKING:

        def __init__(self, *, api_key: Union[str, Callable[[], Awaitable[str]], None] = None, **options: Any) -> None: ...

    @cached_property
    def with_raw_response(self) -> Any:
        """The same resources, whose methods return the reply with its headers."""
        return AsyncRawView(self)

    @cached_property
    def with_streaming_response(self) -> Any:
        """The same resources, whose methods return a context manager of the reply before its body is read."""
        return AsyncStreamingView(self)

    async def close(self) -> None:
        """Marks the client as closed, and closes its `http_client`. Connections of the core end when nothing uses them any more."""
        self._closed = True
        if (http := self._options["http_client"]) is not None:
            await http.aclose()

    async def __aenter__(self: C) -> C:
        return self

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        await self.close()


Client = OpenAI
AsyncClient = AsyncOpenAI

OpenAI.__module__ = AsyncOpenAI.__module__ = "threadline"

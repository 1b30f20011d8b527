"""Connections that the package `websockets` opens: for clients with an HTTP client of their own, and where tests stand in for that package."""

from __future__ import annotations

import contextlib
import sys
from typing import Any, AsyncIterator, Callable, Dict, Iterator, List, Mapping, Tuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from .._exceptions import OpenAIError
from .._log import log
from .._types import NotGiven, Omit

__all__ = ["Opening", "connect", "connect_async", "entry_guard", "entry_guard_async", "leave", "leave_async", "wanted"]

#: Where each connection is, below the base address.
_PATHS = {
    "realtime": "/realtime",
    "beta.realtime": "/realtime",
    "realtime.translations": "/realtime/translations",
    "responses": "/responses",
    "beta.responses": "/responses",
    "live": "/live/sessions",
    "live.forks": "/live/sessions/{session_id}/fork",
    "live.sideband": "/live/sessions/{session_id}/attach",
}
_SCHEMES = {"http": "ws", "https": "wss"}
_MISSING = "to open this connection, `websockets` must be installed: `pip install websockets`"


def _given(value: Any) -> bool:
    return not isinstance(value, (Omit, NotGiven))


def _is_own(holder: Any, name: str) -> bool:
    found = vars(holder).get(name)
    return found is None or str(getattr(found, "__module__", "")).startswith("websockets")


def _stood_in_for() -> bool:
    """Whether something in this process answers for `websockets`, as mocks of tests do."""
    blocking, waiting = sys.modules.get("websockets.sync.client"), sys.modules.get("websockets.asyncio.client")
    if blocking is not None and not (_is_own(blocking, "connect") and all(_is_own(blocking.ClientConnection, one) for one in ("send", "recv"))):
        return True
    if waiting is not None:
        if not all(_is_own(waiting, one) for one in ("connect", "get_proxy")) or not _is_own(waiting.ClientConnection, "send"):
            return True
    for module, name in (("_websocket", "_WebSocketConnect"), ("_azure_websocket", "_AzureWebSocketConnect")):
        ours: Any = sys.modules.get(f"threadline.lib.{module}")
        if ours is not None and getattr(ours, name) is not ours._own:
            return True
    return False


def wanted(client: Any) -> bool:
    """Whether a client's connections go through `websockets`, and not through the core."""
    if "websockets" in sys.modules and _stood_in_for():
        return True
    if client._options["http_client"] is None and not _elsewhere(client):
        return False
    from importlib.util import find_spec

    return find_spec("websockets") is not None


def _elsewhere(client: Any) -> bool:
    """Whether connections have an address of their own on another origin: the core sends no key there, and the program wants that."""
    own = client.websocket_base_url
    if own is None:
        return False
    here, there = urlsplit(with_scheme(str(client.base_url))), urlsplit(with_scheme(str(own)))
    return (here.scheme, here.netloc) != (there.scheme, there.netloc)


class Opening:
    """How one connection is opened: its address, its headers and the options of `websockets`."""

    def __init__(self, client: Any, name: str, arguments: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        self._client, self._name = client, name
        self._arguments = {key: value for key, value in arguments.items() if _given(value)}
        self._options = dict(options)
        self._azure = hasattr(client, "_azure") and name.endswith("realtime")

    def _query(self, extra: Mapping[str, Any]) -> Dict[str, Any]:
        made: Dict[str, Any] = {name: value for name, value in self._arguments.items() if name in ("model", "graceful_close", "intent")}
        if hasattr(extra, "multi_items"):
            # Of httpx, where a name may come several times.
            pairs = list(extra.multi_items())
            extra = {name: [value for known, value in pairs if known == name] for name, _ in pairs}
        made.update(extra)
        made.update(self._call())
        return made

    def _base(self) -> str:
        root = self._client.websocket_base_url
        if root is None:
            # As it was given: that of the client ends with a slash, also where it ends with a query.
            root = self._client._options["base_url"] or self._client.base_url
        scheme, host, path, query, _ = urlsplit(str(root))
        session = quote(str(self._arguments.get("session_id", "")), safe="")
        if "{session_id}" in _PATHS[self._name] and session in ("", ".", ".."):
            raise ValueError(f"`session_id` cannot be {self._arguments.get('session_id')!r}")
        place = path.rstrip("/") + _PATHS[self._name].replace("{session_id}", session)
        return urlunsplit((_SCHEMES.get(scheme, scheme), host, place, query, ""))

    def _options_of_request(self, extra_query: Mapping[str, Any], extra_headers: Mapping[str, Any]) -> Any:
        from .._own_models import FinalRequestOptions

        address = merged_query(self._client, self._base(), self._query(extra_query))
        return FinalRequestOptions(method="get", url=address, headers=dict(extra_headers), security={"bearer_auth": True})

    def _azures(self, configured: Tuple[Any, Mapping[str, str]], extra_headers: Mapping[str, Any]) -> Tuple[str, Dict[str, str], Dict[str, Any]]:
        from .._private import _merged

        address, own = configured
        defaults: Dict[str, Any] = {}
        if self._name == "beta.realtime":
            held = self._client._options
            defaults = {"OpenAI-Organization": held["organization"], "OpenAI-Project": held["project"], **own, **held["default_headers"]}
        return str(address), _merged(own, defaults, self._beta(), extra_headers), self._websockets()

    def _beta(self) -> Dict[str, str]:
        return {"OpenAI-Beta": "realtime=v1"} if self._name == "beta.realtime" else {}

    def _defaults(self, key: Any) -> Dict[str, Any]:
        """The client's headers, with the key that was given for this connection: another may have asked for one since."""
        from .._private import _merged

        held = self._client._options
        made: Dict[str, Any] = _merged(self._client.auth_headers, self._client.default_headers)
        if not callable(held["api_key"]) or any(name.lower() == "authorization" for name in held["default_headers"]):
            return made
        made = {name: value for name, value in made.items() if name.lower() != "authorization"}
        return {**made, "Authorization": f"Bearer {key}"} if key else made

    def _told(self, options: Any, key: Any) -> Tuple[str, Dict[str, str], Dict[str, Any]]:
        from .._private import _merged

        address = with_scheme(str(self._client._prepare_url(options.url)))
        if options.params:
            address = merged_query(None, address, dict(options.params))
        headers = {} if isinstance(options.headers, NotGiven) else options.headers
        merged = _merged(self._defaults(key), self._beta(), headers)
        return address, merged, self._websockets()

    def _websockets(self) -> Dict[str, Any]:
        log("debug", "Connecting to WebSocket API")
        if self._options:
            log("debug", "Custom WebSocket connection options provided")
        options = dict(self._options)
        # Events may be long, and long ones would be inflated as a whole.
        options.setdefault("max_size", None)
        if options["max_size"] is None:
            options.setdefault("compression", None)
        return options

    def _model(self) -> Any:
        model = self._arguments.get("model")
        if not model:
            raise OpenAIError("`model` is required for Azure Realtime API")
        return model

    def _has_key(self, extra_headers: Mapping[str, Any]) -> bool:
        """Whether the client's own credential is asked for.

        Raises :class:`OpenAIError` where it is one of HTTP requests alone, and the program gives none of its own.
        """
        held = self._client._options
        identity = held["workload_identity"]
        if held["provider"] is None and identity is None:
            return True
        named = {name.lower() for name in (*held["default_headers"], *extra_headers)}
        is_certificate = isinstance(identity, Mapping) and identity.get("type") == "x509"
        if is_certificate or "authorization" not in named:
            raise OpenAIError(
                "Workload identities and providers are not supported by WebSocket connections through an HTTP client of one's own: "
                "give the client an `api_key`, or the connection an `Authorization` header"
            )
        return False

    def open(self, extra_query: Any, extra_headers: Any) -> Any:
        """A new socket."""
        try:
            from websockets.sync.client import connect  # type: ignore[import-not-found, unused-ignore]
        except ImportError as error:
            raise OpenAIError(_MISSING) from error
        client = self._client
        key = client._refresh_api_key() if self._has_key(extra_headers) else None
        if self._azure and client._key_provider is not None:
            told = self._azures(client._with_key(self._model(), {**dict(extra_query), **self._call()}, key), extra_headers)
        elif self._azure:
            configured = client._configure_realtime(self._model(), {**dict(extra_query), **self._call()})
            told = self._azures(configured, extra_headers)
        else:
            told = self._told(client._prepare_options(self._options_of_request(extra_query, extra_headers)), key)
        address, headers, options = told
        return connect(address, user_agent_header=None, additional_headers=headers, **options)

    async def open_async(self, extra_query: Any, extra_headers: Any) -> Any:
        """A new socket."""
        client = self._client
        connect: Any
        try:
            if self._azure:
                from ..lib._azure_websocket import _AzureWebSocketConnect as connect
            else:
                from ..lib._websocket import _WebSocketConnect as connect
        except ImportError as error:
            raise OpenAIError(_MISSING) from error
        key = await client._refresh_api_key() if self._has_key(extra_headers) else None
        if self._azure and client._key_provider is not None:
            told = self._azures(client._with_key(self._model(), {**dict(extra_query), **self._call()}, key), extra_headers)
        elif self._azure:
            configured = await client._configure_realtime(self._model(), {**dict(extra_query), **self._call()})
            told = self._azures(configured, extra_headers)
        else:
            told = self._told(await client._prepare_options(self._options_of_request(extra_query, extra_headers)), key)
        address, headers, options = told
        return await connect(address, user_agent_header=None, additional_headers=headers, **options)

    def _call(self) -> Dict[str, Any]:
        return {"call_id": self._arguments["call_id"]} if "call_id" in self._arguments else {}


def with_scheme(address: str) -> str:
    """The address with the scheme of WebSockets."""
    scheme, rest = address.split("://", 1)
    return f"{_SCHEMES.get(scheme, scheme)}://{rest}"


def _put(pairs: List[Tuple[str, str]], more: List[Tuple[str, str]]) -> List[Tuple[str, str]]:
    """Pairs with others in them: names that were there keep their place and get the new values."""
    by_name: Dict[str, List[str]] = {}
    for name, value in pairs:
        by_name.setdefault(name, []).append(value)
    fresh: Dict[str, List[str]] = {}
    for name, value in more:
        fresh.setdefault(name, []).append(value)
    return [(name, value) for name, values in {**by_name, **fresh}.items() for value in values]


def merged_query(client: Any, address: str, extra: Mapping[str, Any]) -> str:
    """An address with the client's own query, and the call's in place of what has its names."""
    from .._qs import Querystring

    qs = client.qs if client is not None else Querystring(array_format="brackets")
    scheme, host, path, query, _ = urlsplit(address)
    defaults = {} if client is None else {name: value for name, value in client.default_query.items() if name not in extra and _given(value)}
    pairs = _put(qs.stringify_items(defaults), parse_qsl(query, keep_blank_values=True))
    nested = tuple(f"{name}[" for name in extra)
    pairs = [(name, value) for name, value in pairs if name not in extra and not name.startswith(nested)]
    if hasattr(extra, "multi_items"):
        more = list(extra.multi_items())
    else:
        more = qs.stringify_items({name: _blank(value) for name, value in extra.items() if _given(value)}, array_format="repeat")
    return urlunsplit((scheme, host, path, urlencode(_put(pairs, more)), ""))


def _blank(value: Any) -> Any:
    if value is None:
        return ""
    return ["" if item is None else item for item in value] if isinstance(value, (list, tuple)) else value


@contextlib.contextmanager
def entry_guard(connection: Any, clear: Callable[[], None]) -> Iterator[None]:
    """Closes a socket whose connection could not be set up; what has prevented it is what is raised."""
    try:
        yield
    except BaseException:
        clear()
        try:
            connection.close()
        except BaseException:
            pass
        raise


@contextlib.asynccontextmanager
async def entry_guard_async(connection: Any, clear: Callable[[], None]) -> AsyncIterator[None]:
    """As :func:`entry_guard`."""
    try:
        yield
    except BaseException:
        clear()
        try:
            await connection.close()
        except BaseException:
            pass
        raise


def leave(connection: Any, error: Any) -> None:
    """Closes a connection that is left; what goes wrong is told unless something has gone wrong before."""
    if connection is not None:
        try:
            connection.close()
        except Exception:
            if error is None:
                raise


async def leave_async(connection: Any, error: Any) -> None:
    """As :func:`leave`."""
    if connection is not None:
        try:
            await connection.close()
        except Exception:
            if error is None:
                raise


class _Prepared(Opening):
    """An opening whose address another function gives."""

    def __init__(self, client: Any, prepare: Any, options: Mapping[str, Any]) -> None:
        super().__init__(client, "", {}, options)
        self._prepare = prepare

    def _base(self) -> str:
        return str(self._prepare())


def connect(
    client: Any, prepare_url: Any, extra_query: Any, extra_headers: Any, connection_options: Any, default_headers: Any, logger: Any
) -> Any:
    """A socket at the address that a function gives."""
    return _Prepared(client, prepare_url, connection_options).open(extra_query, {**dict(default_headers), **dict(extra_headers)})


async def connect_async(
    client: Any, prepare_url: Any, extra_query: Any, extra_headers: Any, connection_options: Any, default_headers: Any, logger: Any
) -> Any:
    """As :func:`connect`."""
    return await _Prepared(client, prepare_url, connection_options).open_async(extra_query, {**dict(default_headers), **dict(extra_headers)})

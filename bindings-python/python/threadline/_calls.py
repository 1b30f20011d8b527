"""The calls of a client, watched over: those that go through a client of httpx's kind, and those that are logged."""

from __future__ import annotations

from typing import Any, Dict, Iterator, Mapping, Optional, Tuple

from ._credentials import check_origin, is_by_certificate
from ._exchange import OPEN, RAW, VALUE, EventsOf, Exchange
from ._log import enabled, log
from ._strict import checked, is_checked
from ._types import NotGiven, Omit
from ._undocumented import is_once

__all__ = ["Calls"]

_NOT_GIVEN = NotGiven()


class Calls:
    """The calls of a client that sends through a client of httpx's kind, or may come to do so, or whose calls are logged."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @property
    def base_url(self) -> str:
        return str(self._client._native.base_url)

    def _of_method(self, arguments: Dict[str, Any], mode: int) -> Optional[Exchange]:
        """The exchange of a method's call, and its arguments marked; `None` if the core sends it by itself."""
        if not self._client._through():
            return None
        timeout = arguments.get("timeout", _NOT_GIVEN)
        known = {"open": mode == OPEN, "raw": mode in (RAW, OPEN)}
        if self._client._workload_identity_auth is not None:
            known["repeatable"] = not any(is_once(file) for value in arguments.values() for file in _files(value))
        exchange = Exchange(self._client, arguments.get("extra_headers"), timeout, _NOT_GIVEN, known)
        arguments["__exchange__"] = exchange
        return exchange

    def call(self, operation: int, arguments: Dict[str, Any], mode: int = 0, page: Any = None) -> Any:
        arguments = _with_defaults(self._client, arguments)
        exchange = self._of_method(arguments, mode)
        if exchange is None:
            if mode == VALUE and is_checked(self._client, arguments, page):
                return checked(self._client, arguments, _whole(self._client, operation, arguments))
            return _logged(self._client, operation, arguments, mode, page)
        exchange.prepare()
        value: Any = None
        is_to_check = mode == VALUE and is_checked(self._client, arguments, page)
        with exchange:
            value = self._client._native.call(operation, _marked(arguments, exchange), RAW if is_to_check else mode, page)
        exchange.settle()
        if is_to_check and not exchange.taken:
            return checked(self._client, arguments, value)
        return exchange.events(EventsOf(operation), mode, False) if exchange.taken else value

    async def call_async(self, operation: int, arguments: Dict[str, Any], mode: int = 0, page: Any = None) -> Any:
        arguments = _with_defaults(self._client, arguments)
        exchange = self._of_method(arguments, mode)
        if exchange is None:
            if mode == VALUE and is_checked(self._client, arguments, page):
                return checked(self._client, arguments, await _whole_async(self._client, operation, arguments))
            return await _logged_async(self._client, operation, arguments, mode, page)
        await exchange.prepare_async()
        value: Any = None
        is_to_check = mode == VALUE and is_checked(self._client, arguments, page)
        with exchange:
            value = await self._client._native.call_async(operation, _marked(arguments, exchange), RAW if is_to_check else mode, page)
        exchange.settle()
        if is_to_check and not exchange.taken:
            return checked(self._client, arguments, value)
        return exchange.events(EventsOf(operation), mode, True) if exchange.taken else value

    def _of_route(self, settings: Mapping[str, Any], options: Mapping[str, Any], mode: int) -> Tuple[Optional[Exchange], Dict[str, Any]]:
        provider = self._client._options["provider"]
        if provider is not None and "base_url" in settings:
            provider.check_origin(settings["base_url"])
        if is_by_certificate(self._client.workload_identity) and "base_url" in settings:
            check_origin(settings["base_url"], self._client.base_url)
        if not self._client._through():
            return None, dict(settings)
        timeout, retries = settings.get("timeout", _NOT_GIVEN), options.get("max_retries", _NOT_GIVEN)
        known = {"open": mode == OPEN, "follow_redirects": options.get("follow_redirects"), "repeatable": options.get("repeatable", True)}
        known.update({name: options[name] for name in ("stream_mode", "synthesize_event_and_data") if name in options})
        exchange = Exchange(self._client, settings.get("headers"), timeout, retries, known)
        return exchange, {**settings, "timeout": None}

    def request(self, options: Mapping[str, Any], call: Tuple[Any, ...], mode: int) -> Tuple[Any, Optional[Exchange]]:
        verb, path, settings, sends, members, answer = call
        exchange, settings = self._of_route(settings, options, mode)
        if exchange is None:
            return self._client._native.request(*call, mode), None
        exchange.prepare()
        settings["headers"] = exchange.headers()
        reply: Any = None
        with exchange:
            reply = self._client._native.request(verb, path, settings, sends, members, answer, mode)
        exchange.settle()
        return reply, exchange

    async def request_async(self, options: Mapping[str, Any], call: Tuple[Any, ...], mode: int) -> Tuple[Any, Optional[Exchange]]:
        verb, path, settings, sends, members, answer = call
        exchange, settings = self._of_route(settings, options, mode)
        if exchange is None:
            return await self._client._native.request_async(*call, mode), None
        await exchange.prepare_async()
        settings["headers"] = exchange.headers()
        reply: Any = None
        with exchange:
            reply = await self._client._native.request_async(verb, path, settings, sends, members, answer, mode)
        exchange.settle()
        return reply, exchange


def _with_defaults(client: Any, arguments: Dict[str, Any]) -> Dict[str, Any]:
    """The arguments, with what a subclass's `default_headers` adds to those of the client."""
    if not client._has_own_defaults:
        return arguments
    from ._private import default_headers

    usual, given = default_headers(client), arguments.get("extra_headers")
    given = dict(given) if isinstance(given, Mapping) else {}
    taken = {name.lower() for name in given}
    own = client.default_headers.items()
    added = {name: value for name, value in own if usual.get(name) != value and name.lower() not in taken and not isinstance(value, Omit)}
    return {**arguments, "extra_headers": {**added, **given}} if added else arguments


def _files(value: Any) -> Iterator[Any]:
    """The file objects of an argument: alone, in a tuple with their name, or in a list of these."""
    if isinstance(value, list):
        for item in value:
            yield from _files(item)
    elif isinstance(value, tuple) and len(value) > 1:
        yield value[1]
    elif hasattr(value, "read"):
        yield value


def _marked(arguments: Dict[str, Any], exchange: Exchange) -> Dict[str, Any]:
    marked = {**arguments, "extra_headers": exchange.headers(), "timeout": None}
    del marked["__exchange__"]
    return marked


def _logged(client: Any, operation: int, arguments: Dict[str, Any], mode: int, page: Any) -> Any:
    if mode != VALUE or not enabled() or arguments.get("stream") is True:
        return client._native.call(operation, arguments, mode, page)
    from ._legacy_response import LegacyAPIResponse

    return LegacyAPIResponse[Any](_whole(client, operation, arguments), client, arguments).parse()


async def _logged_async(client: Any, operation: int, arguments: Dict[str, Any], mode: int, page: Any) -> Any:
    if mode != VALUE or not enabled() or arguments.get("stream") is True:
        return await client._native.call_async(operation, arguments, mode, page)
    from ._legacy_response import LegacyAPIResponse

    return LegacyAPIResponse[Any](await _whole_async(client, operation, arguments), client, arguments).parse()


def _whole(client: Any, operation: int, arguments: Dict[str, Any]) -> Any:
    """The reply with all that is known of it; the log is told."""
    reply = client._native.call(operation, arguments, RAW)
    _tell(reply)
    return reply


async def _whole_async(client: Any, operation: int, arguments: Dict[str, Any]) -> Any:
    reply = await client._native.call_async(operation, arguments, RAW)
    _tell(reply)
    return reply


def _tell(reply: Any) -> None:
    """Log records of a call that the core has made."""
    for attempt in range(reply.attempts):
        log("debug", "Building HTTP request: method=%s retries_taken=%i", reply.method, attempt)
        log("debug", "Sending HTTP Request: %s", reply.method)
    log("debug", "HTTP Response: %s %i", reply.method, reply.status)
    log("debug", "request_id: %s", next((value for name, value in reply.headers if name == "x-request-id"), None))

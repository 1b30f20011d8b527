"""Calls of routes that have no method: ``client.get``, ``client.post`` and their kin, as the official package has them."""

from __future__ import annotations

import json
from types import UnionType
from typing import Any, AsyncIterator, Dict, Iterator, List, Mapping, Optional, Tuple, Union, get_args, get_origin

from ._constants import RAW_RESPONSE_HEADER
from ._models import BaseModel
from ._streaming import AsyncStream, Stream
from ._types import NoneType, NotGiven, Omit

__all__ = ["AsyncMethods", "SyncMethods", "is_once"]

VALUE, RAW, OPEN = 0, 1, 2

#: Members of ``options`` and what they are called as settings of a call.
_OPTIONS = {"headers": "headers", "params": "query", "timeout": "timeout", "max_retries": "max_retries", "idempotency_key": "idempotency_key"}
_OTHER_OPTIONS = frozenset(("extra_json", "post_parser", "follow_redirects", "security", "synthesize_event_and_data", "stream_mode", "repeatable"))


def _given(value: Any) -> bool:
    return value is not None and not isinstance(value, (NotGiven, Omit))


def _call(
    verb: str, path: str, cast_to: Any, body: Any, content: Any, options: Mapping[str, Any], files: Any, stream: bool
) -> Tuple[Any, ...]:
    """What the native module takes, all but the mode."""
    unknown = set(options) - set(_OPTIONS) - _OTHER_OPTIONS
    if unknown:
        raise TypeError(f"`options` has no {sorted(unknown)[0]!r}; it has: {', '.join(sorted([*_OPTIONS, 'extra_json', 'post_parser']))}")
    if "max_retries" in options and not isinstance(options["max_retries"], NotGiven):
        from ._private import check_max_retries

        check_max_retries(options["max_retries"])
    settings: Dict[str, Any] = {_OPTIONS[name]: value for name, value in options.items() if name in _OPTIONS and not isinstance(value, NotGiven)}
    if "max_retries" in settings:
        settings["max_retries"] = min(settings["max_retries"], 2**31)
    if path.startswith(("http://", "https://")):
        settings["base_url"], path = path, ""
    sends, members = _sent(body, content, options, files, settings)
    answer = "events" if stream else "bytes" if _is_binary(cast_to) else "whole"
    return verb, path, settings, sends, members, answer


def _contents(given: Mapping[str, Any]) -> Tuple[Any, Any, Any]:
    """Body, content and files; bytes as a body are content, of which the options of a request have no other word."""
    body, content = given.get("body"), given.get("content")
    if isinstance(body, bytes) and not _given(content):
        body, content = None, body
    return body, content, given.get("files")


def _sent(body: Any, content: Any, options: Mapping[str, Any], files: Any, settings: Dict[str, Any]) -> Tuple[str, Dict[str, Any]]:
    extra = options.get("extra_json") or {}
    if isinstance(body, bytes):
        import warnings

        told = "Passing raw bytes as `body` is deprecated and will be removed in a future version. Please pass raw bytes via the `content` parameter instead."
        warnings.warn(told, DeprecationWarning, stacklevel=5)
        body, content = None, body
    if _given(content) and not isinstance(content, (str, bytes)):
        content = _joined(content)
    if _given(content):
        if _given(body) or _given(files):
            raise TypeError("`content` is the whole body: leave out `body` and `files`")
        return "content", {"content": content.encode() if isinstance(content, str) else content}
    if isinstance(body, BaseModel) or hasattr(body, "model_dump"):
        body = body.model_dump(mode="json", by_alias=True)
    if _given(files):
        _drop_plain_type(settings)
        return "form", {**(body if _given(body) else {}), **extra, **_parts(files)}
    if not _given(body) and not extra:
        return "nothing", {}
    if not _given(body) or isinstance(body, Mapping):
        return "json", {**(body or {}), **extra}
    headers = settings.setdefault("headers", {})
    settings["headers"] = {"Content-Type": "application/json", **headers}
    return "content", {"content": json.dumps(body).encode()}


def _drop_plain_type(settings: Dict[str, Any]) -> None:
    """A form's type says where its parts end, which the header of a caller does not know unless it says so."""
    headers = settings.get("headers") or {}
    plain = [name for name, value in headers.items() if name.lower() == "content-type" and "boundary=" not in str(value)]
    if plain:
        settings["headers"] = {name: value for name, value in headers.items() if name not in plain}


def _joined(content: Any) -> bytes:
    """The pieces of a body that comes in pieces, or in a file, as one."""
    if hasattr(content, "read"):
        return bytes(content.read())
    return b"".join(piece.encode() if isinstance(piece, str) else piece for piece in content)


async def _read_ahead(content: Any) -> Any:
    """A body that comes in pieces of an event loop's as one; any other as it is."""
    if not hasattr(content, "__aiter__"):
        return content
    return b"".join([piece.encode() if isinstance(piece, str) else piece async for piece in content])


def _known(content: Any, files: Any, options: Mapping[str, Any], client: Any) -> Dict[str, Any]:
    """The options, with what else is known of the request: its credential, and whether its body can be sent twice."""
    from ._private import credential

    known = dict(options)
    security = options.get("security")
    headers = options.get("headers") or {}
    if security and not any(name.lower() == "authorization" for name in headers):
        found = credential(client, security)
        if found is not None:
            known["headers"] = {"Authorization": found, **headers}
    once = _given(content) and not isinstance(content, (str, bytes, list, tuple)) and not getattr(content, "seekable", bool)()
    known["repeatable"] = not (once or any(is_once(file) for file in _flat(files)))
    return known


def _flat(files: Any) -> Iterator[Any]:
    for file in (files.values() if isinstance(files, Mapping) else (file for _, file in files)) if _given(files) else ():
        yield file[1] if isinstance(file, tuple) and len(file) > 1 else file


def is_once(file: Any) -> bool:
    """Whether a file can be read only once."""
    if not hasattr(file, "read"):
        return False
    try:
        return getattr(file, "closed", False) or not (hasattr(file, "seekable") and file.seekable())
    except Exception:
        # What does not say so is taken for one that cannot go back.
        return True


def _mode(options: Mapping[str, Any], cast_to: Any) -> Tuple[int, Mapping[str, Any]]:
    """What the call is to bring, as the header that the views of the official package set says; the options without it."""
    headers = options.get("headers") or {}
    named = next((name for name in headers if name.lower() == RAW_RESPONSE_HEADER.lower()), None)
    wanted = _reply_class(cast_to)
    if named is None:
        return (VALUE if wanted is None else RAW if wanted.__name__ == "LegacyAPIResponse" else OPEN), options
    rest = {name: value for name, value in headers.items() if name != named}
    mode = {"raw": RAW, "true": RAW, "stream": OPEN}.get(str(headers[named]).lower(), VALUE)
    return mode, {**options, "headers": rest}


def _reply_class(cast_to: Any) -> Any:
    """The class of replies that a type is, if it is one."""
    from ._response import BaseAPIResponse

    origin = get_origin(cast_to) or cast_to
    return origin if isinstance(origin, type) and issubclass(origin, BaseAPIResponse) else None


def _reply(native: Any, mode: int, asynchronous: bool, client: Any, cast_to: Any, options: Mapping[str, Any], exchange: Any) -> Any:
    """The reply as an object; its value is of the type."""
    from ._legacy_response import LegacyAPIResponse
    from ._response import APIResponse, AsyncAPIResponse

    kind: Any = LegacyAPIResponse if mode == RAW else AsyncAPIResponse if asynchronous else APIResponse
    reply = kind(native, client, {"extra_headers": options.get("headers"), "__exchange__": exchange})
    wanted = get_args(cast_to)[0] if _reply_class(cast_to) is not None and get_args(cast_to) else cast_to
    parser = options.get("post_parser")
    if wanted is not None and _reply_class(wanted) is None:
        reply._wanted = wanted
    reply._after_cast = parser if callable(parser) else None
    return reply


def _of_options(options: Any) -> Tuple[str, str, Dict[str, Any], Dict[str, Any]]:
    """Method, path, arguments and options of a request that is given by its parts."""
    taken: Dict[str, Any] = {}
    for name in ("params", "headers", "max_retries", "timeout", "idempotency_key", "extra_json", "post_parser", "follow_redirects"):
        value = getattr(options, name)
        if value is not None and not isinstance(value, (NotGiven, Omit)) and value != {}:
            taken[name] = value
    given = {"body": options.json_data, "content": options.content, "files": options.files or None}
    return options.method.lower(), options.url, {name: value for name, value in given.items() if value is not None}, taken


def _parts(files: Any) -> Dict[str, Any]:
    parts: Dict[str, Any] = {}
    for name, file in files.items() if isinstance(files, Mapping) else files:
        # Several under one name are a list, which is sent as `name[]`.
        if name.endswith("[]"):
            parts.setdefault(name[:-2], []).append(file)
        else:
            parts[name] = file
    return parts


def _is_binary(cast_to: Any) -> bool:
    from ._legacy_response import HttpxBinaryResponseContent

    return cast_to is bytes or _is_response(cast_to) or isinstance(cast_to, type) and issubclass(cast_to, HttpxBinaryResponseContent)


def _is_response(cast_to: Any) -> bool:
    from ._http import Response

    return cast_to is Response or getattr(cast_to, "__name__", "") == "Response" and cast_to.__module__.split(".")[0] in ("httpx", "httpx2")


def _cast(reply: Any, cast_to: Any, options: Mapping[str, Any], exchange: Any = None, strict: bool = False) -> Any:
    value = exchange.response if exchange is not None and cast_to is type(exchange.response) else _value(reply, cast_to, strict, exchange)
    parser = options.get("post_parser")
    return parser(value) if callable(parser) else value


def _value(reply: Any, cast_to: Any, strict: bool, exchange: Any) -> Any:
    from ._http import Response
    from ._legacy_response import HttpxBinaryResponseContent, LegacyAPIResponse

    if cast_to is None or cast_to is NoneType:
        return None
    if isinstance(cast_to, type) and any(_is_response(base) for base in cast_to.__mro__[1:]):
        raise ValueError("Subclasses of HTTP response classes cannot be passed to `cast_to`: give the class itself")
    if isinstance(cast_to, type) and issubclass(cast_to, HttpxBinaryResponseContent):
        return HttpxBinaryResponseContent._of_reply(reply)
    raw: LegacyAPIResponse[Any] = LegacyAPIResponse(reply)
    if cast_to is Response:
        return raw.http_response
    if _is_response(cast_to):
        from importlib import import_module

        module = import_module(cast_to.__module__.split(".")[0])
        request = module.Request(raw.method, str(raw.url))
        return cast_to(raw.status_code, headers=raw.headers.multi_items(), content=raw.content, request=request)
    if cast_to is bytes:
        return raw.content
    if cast_to is str:
        return raw.text
    try:
        data = raw.json()
    except ValueError:
        if strict:
            raise _misfit(raw, exchange, None) from None
        return raw.text
    if "json" not in raw.headers.get("content-type", "json") and not (isinstance(cast_to, type) and issubclass(cast_to, BaseModel)):
        if strict:
            raise _misfit(raw, exchange, data)
        return raw.text
    if strict:
        from ._own_models import validate_type

        try:
            value = validate_type(type_=cast_to, value=data)
        except ValueError as error:
            raise _misfit(raw, exchange, data) from error
    else:
        value = _as(data, cast_to)
    if isinstance(value, BaseModel):
        value._request_id = raw.request_id
    return value


def _misfit(raw: Any, exchange: Any, data: Any) -> Exception:
    from ._exceptions import APIResponseValidationError

    response = raw.http_response if exchange is None else exchange.response
    return APIResponseValidationError(response=response, body=data)


def _as(value: Any, cast_to: Any) -> Any:
    """Plain data as an instance of a type, as far as the type says."""
    origin, arguments = get_origin(cast_to), get_args(cast_to)
    if origin in (list, List) and isinstance(value, list):
        return [_as(item, arguments[0]) for item in value] if arguments else value
    if origin in (dict, Dict) and isinstance(value, dict):
        return {name: _as(item, arguments[1]) for name, item in value.items()} if arguments else value
    if origin in (Union, UnionType):
        from ._construct import construct_type

        return construct_type(value=value, type_=cast_to)
    if isinstance(value, dict) and hasattr(cast_to, "model_validate"):
        # A model of ours takes what came, as in every reply; one of pydantic's judges it.
        return cast_to.construct(**value) if issubclass(cast_to, BaseModel) else cast_to.model_validate(value)
    return value


def _item(cast_to: Any, stream_cls: Any) -> Any:
    arguments = get_args(stream_cls)
    return arguments[0] if arguments else cast_to


class _CastStream(Stream[Any]):
    def __init__(self, *, reply: Any, item: Any) -> None:
        self._item = item
        super().__init__(reply=reply)

    def __stream__(self) -> Iterator[Any]:
        for event in super().__stream__():
            yield _as(event, self._item)


class _AsyncCastStream(AsyncStream[Any]):
    def __init__(self, *, reply: Any, item: Any) -> None:
        self._item = item
        super().__init__(reply=reply)

    async def __stream__(self) -> AsyncIterator[Any]:
        async for event in super().__stream__():
            yield _as(event, self._item)


class SyncMethods:
    """Requests of any route.

    ``cast_to`` says what the reply becomes: a class of ``threadline.types`` or of pydantic, ``Dict[str, …]``, ``List[…]``, ``object`` (plain
    data), ``str``, ``bytes``, ``type(None)``, ``HttpxBinaryResponseContent`` or ``httpx.Response``. ``options`` holds ``headers``, ``params``,
    ``timeout``, ``max_retries``, ``idempotency_key``, ``extra_json`` and ``post_parser``. With ``stream=True`` the reply's events come as a
    :class:`threadline.Stream` whose items are of ``stream_cls``'s type, or of ``cast_to``.

    Retries, limits and errors are as of every method.
    """

    _native: Any
    _calls: Any
    _strict_response_validation: bool

    def _request(
        self, verb: str, path: str, cast_to: Any, body: Any, content: Any, options: Any, files: Any, stream: bool, stream_cls: Any
    ) -> Any:
        mode, options = _mode(_known(content, files, options, self), cast_to)
        call = _call(verb, path, cast_to if mode != OPEN else bytes, body, content, options, files, stream)
        wanted, calls = OPEN if stream or mode == OPEN else RAW, self._calls
        reply, exchange = (self._native.request(*call, wanted), None) if calls is self._native else calls.request(options, call, wanted)
        if exchange is not None and exchange.taken:
            reply = exchange.events(_item(cast_to, stream_cls), mode, False, stream_cls)
            return reply if mode == VALUE else _reply(reply, mode, False, self, None, options, exchange)
        if mode != VALUE:
            return _reply(reply, mode, False, self, cast_to, options, exchange)
        if not stream:
            return _cast(reply, cast_to, options, exchange, self._strict_response_validation)
        return _CastStream(reply=reply, item=_item(cast_to, stream_cls))

    def _raw(self, verb: str, path: str, body: Any, options: Mapping[str, Any]) -> Any:
        return self._request(verb, path, object, body, None, {**options, "headers": {**(options.get("headers") or {}), RAW_RESPONSE_HEADER: "raw"}}, None, False, None)

    def request(self, cast_to: Any, options: Any, remaining_retries: Optional[int] = None, *, stream: bool = False, stream_cls: Any = None) -> Any:
        """A request by its parts, a ``FinalRequestOptions``."""
        method, path, given, taken = _of_options(options)
        body, content, files = _contents(given)
        return self._request(method, path, cast_to, body, content, taken, files, stream, stream_cls)

    def get(self, path: str, *, cast_to: Any, options: Mapping[str, Any] = {}, stream: bool = False, stream_cls: Any = None) -> Any:
        """``GET`` of a path below the base URL, or of a whole URL."""
        return self._request("get", path, cast_to, None, None, options, None, stream, stream_cls)

    def post(
        self,
        path: str,
        *,
        cast_to: Any,
        body: Any = None,
        content: Any = None,
        options: Mapping[str, Any] = {},
        files: Any = None,
        stream: bool = False,
        stream_cls: Any = None,
    ) -> Any:
        """``POST`` to a path: ``body`` as JSON, or as form data with ``files``, or ``content`` as it is."""
        return self._request("post", path, cast_to, body, content, options, files, stream, stream_cls)

    def patch(
        self, path: str, *, cast_to: Any, body: Any = None, content: Any = None, options: Mapping[str, Any] = {}, files: Any = None
    ) -> Any:
        """``PATCH`` of a path; see :meth:`post`."""
        return self._request("patch", path, cast_to, body, content, options, files, False, None)

    def put(
        self, path: str, *, cast_to: Any, body: Any = None, content: Any = None, options: Mapping[str, Any] = {}, files: Any = None
    ) -> Any:
        """``PUT`` to a path; see :meth:`post`."""
        return self._request("put", path, cast_to, body, content, options, files, False, None)

    def delete(self, path: str, *, cast_to: Any, body: Any = None, content: Any = None, options: Mapping[str, Any] = {}) -> Any:
        """``DELETE`` of a path."""
        return self._request("delete", path, cast_to, body, content, options, None, False, None)

    def get_api_list(
        self, path: str, *, model: Any = None, page: Any, body: Any = None, options: Mapping[str, Any] = {}, method: str = "get"
    ) -> Any:
        """A list in pages: ``page`` is their class, such as ``SyncCursorPage[Model]``, ``model`` that of the items."""
        from ._lists import sync_list

        return sync_list(self, path, model, page, body, dict(options), method)


class AsyncMethods:
    """Requests of any route, for an event loop. See :class:`SyncMethods`."""

    _native: Any
    _calls: Any
    _strict_response_validation: bool

    async def _request(
        self, verb: str, path: str, cast_to: Any, body: Any, content: Any, options: Any, files: Any, stream: bool, stream_cls: Any
    ) -> Any:
        mode, options = _mode(_known(content, files, options, self), cast_to)
        content = await _read_ahead(content)
        call = _call(verb, path, cast_to if mode != OPEN else bytes, body, content, options, files, stream)
        wanted, calls = OPEN if stream or mode == OPEN else RAW, self._calls
        if calls is self._native:
            reply, exchange = await self._native.request_async(*call, wanted), None
        else:
            reply, exchange = await calls.request_async(options, call, wanted)
        if exchange is not None and exchange.taken:
            reply = exchange.events(_item(cast_to, stream_cls), mode, True, stream_cls)
            return reply if mode == VALUE else _reply(reply, mode, True, self, None, options, exchange)
        if mode != VALUE:
            return _reply(reply, mode, True, self, cast_to, options, exchange)
        if not stream:
            return _cast(reply, cast_to, options, exchange, self._strict_response_validation)
        return _AsyncCastStream(reply=reply, item=_item(cast_to, stream_cls))

    async def _raw(self, verb: str, path: str, body: Any, options: Mapping[str, Any]) -> Any:
        return await self._request(verb, path, object, body, None, {**options, "headers": {**(options.get("headers") or {}), RAW_RESPONSE_HEADER: "raw"}}, None, False, None)

    async def request(self, cast_to: Any, options: Any, remaining_retries: Optional[int] = None, *, stream: bool = False, stream_cls: Any = None) -> Any:
        """A request by its parts, a ``FinalRequestOptions``."""
        method, path, given, taken = _of_options(options)
        body, content, files = _contents(given)
        return await self._request(method, path, cast_to, body, content, taken, files, stream, stream_cls)

    async def get(self, path: str, *, cast_to: Any, options: Mapping[str, Any] = {}, stream: bool = False, stream_cls: Any = None) -> Any:
        """``GET`` of a path below the base URL, or of a whole URL."""
        return await self._request("get", path, cast_to, None, None, options, None, stream, stream_cls)

    async def post(
        self,
        path: str,
        *,
        cast_to: Any,
        body: Any = None,
        content: Any = None,
        options: Mapping[str, Any] = {},
        files: Any = None,
        stream: bool = False,
        stream_cls: Any = None,
    ) -> Any:
        """``POST`` to a path: ``body`` as JSON, or as form data with ``files``, or ``content`` as it is."""
        return await self._request("post", path, cast_to, body, content, options, files, stream, stream_cls)

    async def patch(
        self, path: str, *, cast_to: Any, body: Any = None, content: Any = None, options: Mapping[str, Any] = {}, files: Any = None
    ) -> Any:
        """``PATCH`` of a path; see :meth:`post`."""
        return await self._request("patch", path, cast_to, body, content, options, files, False, None)

    async def put(
        self, path: str, *, cast_to: Any, body: Any = None, content: Any = None, options: Mapping[str, Any] = {}, files: Any = None
    ) -> Any:
        """``PUT`` to a path; see :meth:`post`."""
        return await self._request("put", path, cast_to, body, content, options, files, False, None)

    async def delete(self, path: str, *, cast_to: Any, body: Any = None, content: Any = None, options: Mapping[str, Any] = {}) -> Any:
        """``DELETE`` of a path."""
        return await self._request("delete", path, cast_to, body, content, options, None, False, None)

    def get_api_list(
        self, path: str, *, model: Any = None, page: Any, body: Any = None, options: Mapping[str, Any] = {}, method: str = "get"
    ) -> Any:
        """A list in pages: ``page`` is their class, such as ``SyncCursorPage[Model]``, ``model`` that of the items."""
        from ._lists import AsyncList

        return AsyncList(self, path, model, page, body, dict(options), method)

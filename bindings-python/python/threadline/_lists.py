"""Lists of routes that have no method: ``client.get_api_list``."""

from __future__ import annotations

import json
from typing import Any, AsyncIterator, Dict, Generator, List, Mapping, Optional, Tuple, get_args, get_origin

from ._construct import construct_type
from .pagination import make_page

__all__ = ["AsyncList", "sync_list"]

#: By the words in a page's class: the member that names the next page, and the parameter that asks for it.
_STYLES = (("ConversationCursorPage", "last_id", "after"), ("TokenPage", "next_page", "page"), ("NextCursorPage", "next", "after"))


class _Link:
    """What leads from a page to the next one; see `Link` of the native module."""

    def __init__(self, client: Any, call: Tuple[Any, ...], text: bytes) -> None:
        self._client, self._call = client, call
        path, model, page, body, options, method = call
        self.origin = get_origin(page) or page
        self.model = model if model is not None else (get_args(page) or (object,))[0]
        data = json.loads(text)
        self.data: Dict[str, Any] = data if isinstance(data, dict) else {"data": data}

    def cursor(self) -> Optional[Tuple[str, str]]:
        """The parameter of the next page and its value; `None` on the last one."""
        items = self.data.get("data") or []
        if self.data.get("has_more") is False or not items:
            return None
        for word, member, parameter in _STYLES:
            if word in self.origin.__name__:
                value = self.data.get(member)
                return (parameter, value) if isinstance(value, str) and value else None
        if "CursorPage" not in self.origin.__name__:
            return None
        last = items[-1].get("id") if isinstance(items[-1], Mapping) else None
        return ("after", last) if isinstance(last, str) else None

    def _following(self) -> Optional[Tuple[Any, ...]]:
        found = self.cursor()
        if found is None:
            return None
        path, model, page, body, options, method = self._call
        return path, model, page, body, {**options, "params": {**(options.get("params") or {}), found[0]: found[1]}}, method

    def fetch(self) -> Any:
        following = self._following()
        return None if following is None else sync_list(self._client, *following)

    def fetch_async(self) -> Any:
        following = self._following()
        return None if following is None else _first(self._client, following)

    def page(self, request_id: Optional[str]) -> Any:
        """The page."""
        items: List[Any] = [construct_type(value=item, type_=self.model) for item in self.data.get("data") or []]
        others = {name: value for name, value in self.data.items() if name != "data"}
        made = make_page(self.origin, items, others, self)
        made._request_id = request_id
        return made


def _settled(page: Any, options: Mapping[str, Any]) -> Any:
    parser = options.get("post_parser")
    return parser(page) if callable(parser) else page


def sync_list(client: Any, path: str, model: Any, page: Any, body: Any, options: Mapping[str, Any], method: str) -> Any:
    """The first page of a list."""
    plain = {name: value for name, value in options.items() if name != "post_parser"}
    raw = client._raw(method, path, body, plain)
    call = (path, model, page, body, options, method)
    return _settled(_Link(client, call, raw.content).page(raw.request_id), options)


async def _first(client: Any, call: Tuple[Any, ...]) -> Any:
    path, model, page, body, options, method = call
    plain = {name: value for name, value in options.items() if name != "post_parser"}
    raw = await client._raw(method, path, body, plain)
    return _settled(_Link(client, call, raw.content).page(raw.request_id), options)


class AsyncList:
    """A list to be read: awaited it gives its first page, iterated all its items."""

    def __init__(self, client: Any, *call: Any) -> None:
        self._client, self._call = client, call

    def __await__(self) -> Generator[Any, None, Any]:
        return _first(self._client, self._call).__await__()

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for item in await self:
            yield item

"""Requests and replies as attributes of results and exceptions: shaped like httpx's, without httpx."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, List, Mapping, MutableMapping, Optional, Tuple

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["URL", "Headers", "Request", "Response"]


class Headers(MutableMapping[str, str]):
    """Headers; names in any case. Several of one name read as one text with commas."""

    __slots__ = ("_list",)

    def __init__(self, pairs: Any = ()) -> None:
        items: Iterable[Tuple[Any, Any]] = pairs.items() if isinstance(pairs, Mapping) else (pairs or ())
        self._list: List[Tuple[str, str]] = [(str(name), str(value)) for name, value in items]

    def __getitem__(self, name: str) -> str:
        found = self.get_list(name)
        if not found:
            raise KeyError(name)
        return ", ".join(found)

    def get_list(self, name: str, split_commas: bool = False) -> List[str]:
        wanted = name.lower()
        found = [value for known, value in self._list if known.lower() == wanted]
        return [part.strip() for value in found for part in value.split(",")] if split_commas else found

    def multi_items(self) -> List[Tuple[str, str]]:
        return [(name.lower(), value) for name, value in self._list]

    @property
    def raw(self) -> List[Tuple[bytes, bytes]]:
        return [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in self._list]

    def __setitem__(self, name: str, value: str) -> None:
        if name in self:
            del self[name]
        self._list.append((name, value))

    def __delitem__(self, name: str) -> None:
        wanted = name.lower()
        kept = [(known, value) for known, value in self._list if known.lower() != wanted]
        if len(kept) == len(self._list):
            raise KeyError(name)
        self._list = kept

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(known.lower() == name.lower() for known, _ in self._list)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.lower() for name, _ in self._list))

    def __len__(self) -> int:
        return len({name.lower() for name, _ in self._list})

    def copy(self) -> "Headers":
        return Headers(self._list)

    def __repr__(self) -> str:
        hidden = ("authorization", "api-key", "cookie", "set-cookie")
        shown: Dict[str, str] = {name: "[secure]" if name in hidden else self[name] for name in self}
        return f"Headers({shown!r})"


class URL(str):
    """An address; a text with its parts."""

    def _split(self) -> SplitResult:
        from urllib.parse import urlsplit  # a large module, which few programs look at URLs for

        return urlsplit(self)

    @property
    def scheme(self) -> str:
        return self._split().scheme

    @property
    def host(self) -> str:
        return self._split().hostname or ""

    @property
    def port(self) -> Optional[int]:
        return self._split().port

    @property
    def path(self) -> str:
        return self._split().path or "/"

    @property
    def raw_path(self) -> bytes:
        parts = self._split()
        return ((parts.path or "/") + (f"?{parts.query}" if parts.query else "")).encode("ascii", "replace")

    @property
    def query(self) -> bytes:
        return self._split().query.encode("ascii", "replace")

    def copy_with(self, **parts: Any) -> "URL":
        split = self._split()
        known = {name: parts[name] for name in ("scheme", "path", "query", "fragment") if name in parts}
        return URL(split._replace(**known).geturl())


class Request:
    """What was asked: method and address."""

    __slots__ = ("method", "url", "headers", "content", "extensions")

    def __init__(self, method: str, url: str, headers: Any = (), content: bytes = b"") -> None:
        self.method = method
        self.url = URL(url)
        self.headers = Headers(headers)
        self.content = content
        self.extensions: Dict[str, Any] = {}

    def read(self) -> bytes:
        return self.content

    def __repr__(self) -> str:
        return f"<Request({self.method!r}, {str(self.url)!r})>"


class Response:
    """A reply that has been read."""

    __slots__ = ("status_code", "headers", "content", "_request", "elapsed", "extensions")

    is_closed = True
    is_stream_consumed = True
    http_version = "HTTP/1.1"

    def __init__(self, status_code: int, headers: Any, content: bytes, request: Optional[Request] = None) -> None:
        from datetime import timedelta

        self.status_code = status_code
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)
        self.content = content
        self._request = request
        self.elapsed = timedelta(0)
        self.extensions: Dict[str, Any] = {}

    @property
    def request(self) -> Any:
        return self._request

    @property
    def url(self) -> URL:
        return self._request.url if self._request is not None else URL("")

    @property
    def reason_phrase(self) -> str:
        from http import HTTPStatus

        try:
            return HTTPStatus(self.status_code).phrase
        except ValueError:
            return ""

    @property
    def encoding(self) -> str:
        from email.message import Message

        message = Message()
        message["content-type"] = self.headers.get("content-type", "")
        return message.get_content_charset("utf-8")

    @property
    def text(self) -> str:
        try:
            return self.content.decode(self.encoding, "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")

    def json(self, **kwargs: Any) -> Any:
        return json.loads(self.content, **kwargs)

    def read(self) -> bytes:
        return self.content

    async def aread(self) -> bytes:
        return self.content

    @property
    def is_success(self) -> bool:
        return 200 <= self.status_code < 300

    @property
    def is_error(self) -> bool:
        return self.status_code >= 400

    @property
    def is_client_error(self) -> bool:
        return 400 <= self.status_code < 500

    @property
    def is_server_error(self) -> bool:
        return self.status_code >= 500

    @property
    def num_bytes_downloaded(self) -> int:
        return len(self.content)

    def iter_bytes(self, chunk_size: Optional[int] = None) -> Iterator[bytes]:
        size = chunk_size or len(self.content) or 1
        for start in range(0, len(self.content), size):
            yield self.content[start : start + size]

    def iter_lines(self) -> Iterator[str]:
        yield from self.text.splitlines()

    def close(self) -> None:
        """Nothing is open any more."""

    async def aclose(self) -> None:
        """Nothing is open any more."""

    def __repr__(self) -> str:
        return f"<Response [{self.status_code} {self.reason_phrase}]>"

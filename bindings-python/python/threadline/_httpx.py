"""HTTP clients of the user's own as transports: `httpx`, or anything shaped like it. It is not imported before it is asked for."""

from __future__ import annotations

import inspect
from typing import Any, List, Optional, Tuple

__all__ = ["DefaultAsyncHttpxClient", "DefaultHttpxClient", "sender"]


def sender(client: Any) -> Any:
    """The function by which the core sends through a client."""
    if inspect.iscoroutinefunction(getattr(client, "send", None)):
        return _AsyncSender(client).send
    return _Sender(client).send


def _headers(response: Any) -> List[Tuple[str, str]]:
    # Bodies are handed on decoded.
    dropped = ("content-encoding", "content-length", "transfer-encoding")
    return [(name, value) for name, value in response.headers.multi_items() if name.lower() not in dropped]


def _request(client: Any, method: str, url: str, headers: List[Tuple[str, bytes]], body: Optional[bytes]) -> Any:
    pairs = [(name.encode("ascii"), value) for name, value in headers]
    # The limits of time are the core's.
    return client.build_request(method, url, headers=pairs, content=body, timeout=None)


class _Reply:
    def __init__(self, response: Any) -> None:
        self.status = response.status_code
        self.headers = _headers(response)
        self._response = response
        self._pieces = response.iter_bytes()

    def next(self) -> Optional[bytes]:
        for piece in self._pieces:
            return bytes(piece)
        self._response.close()
        return None

    def close(self) -> None:
        self._response.close()


class _Sender:
    def __init__(self, client: Any) -> None:
        self._client = client

    def send(self, method: str, url: str, headers: List[Tuple[str, bytes]], body: Optional[bytes]) -> _Reply:
        request = _request(self._client, method, url, headers, body)
        return _Reply(self._client.send(request, stream=True, follow_redirects=False))


class _AsyncReply:
    def __init__(self, response: Any) -> None:
        self.status = response.status_code
        self.headers = _headers(response)
        self._response = response
        self._pieces = response.aiter_bytes()

    async def next(self) -> Optional[bytes]:
        async for piece in self._pieces:
            return bytes(piece)
        await self._response.aclose()
        return None

    async def close(self) -> None:
        await self._response.aclose()


class _AsyncSender:
    def __init__(self, client: Any) -> None:
        self._client = client

    async def send(self, method: str, url: str, headers: List[Tuple[str, bytes]], body: Optional[bytes]) -> _AsyncReply:
        request = _request(self._client, method, url, headers, body)
        return _AsyncReply(await self._client.send(request, stream=True, follow_redirects=False))


def DefaultHttpxClient(**options: Any) -> Any:  # noqa: N802
    """An `httpx.Client` with these options, to be given as `http_client`."""
    import httpx

    return httpx.Client(**{"follow_redirects": True, "timeout": 600.0, **options})


def DefaultAsyncHttpxClient(**options: Any) -> Any:  # noqa: N802
    """An `httpx.AsyncClient` with these options, to be given as `http_client`."""
    import httpx

    return httpx.AsyncClient(**{"follow_redirects": True, "timeout": 600.0, **options})

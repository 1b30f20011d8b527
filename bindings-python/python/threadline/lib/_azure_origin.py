"""Credentials of Azure stay with their origin where a client of httpx follows a redirect: it takes away `Authorization`, and not `api-key`."""

from __future__ import annotations

from typing import Any, Tuple

__all__ = ["guard", "mark"]

_MARK = "threadline_origin"
_CREDENTIALS = ("api-key", "authorization")
_PORTS = {"http": 80, "https": 443}


def _origin(url: Any) -> Tuple[str, str, Any]:
    return url.scheme, url.host, url.port or _PORTS.get(url.scheme)


def mark(request: Any) -> Any:
    """Notes where a request goes; those that it is redirected to inherit the note."""
    request.extensions = {**request.extensions, _MARK: _origin(request.url)}
    return request


def _strip(request: Any) -> None:
    origin = request.extensions.get(_MARK)
    if origin is not None and origin != _origin(request.url):
        for name in _CREDENTIALS:
            request.headers.pop(name, None)


async def _strip_async(request: Any) -> None:
    _strip(request)


def guard(http: Any, asynchronous: bool) -> None:
    """Has a client look at every request before it is sent. Requests without our note are left alone."""
    hooks = getattr(http, "event_hooks", None)
    if not isinstance(hooks, dict):
        return
    hook = _strip_async if asynchronous else _strip
    held = hooks.setdefault("request", [])
    if hook not in held:
        held.append(hook)

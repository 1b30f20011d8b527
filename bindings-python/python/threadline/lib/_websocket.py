"""The package `websockets` as connections use it: credentials stay with their origin."""

from __future__ import annotations

from typing import Any, Tuple

from websockets.asyncio.client import connect  # type: ignore[import-not-found, unused-ignore]
from websockets.exceptions import SecurityError  # type: ignore[import-not-found, unused-ignore]
from websockets.uri import parse_uri  # type: ignore[import-not-found, unused-ignore]
from websockets.version import version as websockets_version  # type: ignore[import-not-found, unused-ignore]

__all__ = ["_WebSocketConnect", "_recv_bytes"]


def _origin(address: str) -> Tuple[Any, ...]:
    uri = parse_uri(address)
    return uri.secure, uri.host, uri.port


def _recv_bytes(connection: Any) -> bytes:
    """The next message of a blocking connection as it came; version 13 gives it as text."""
    message = connection.recv() if websockets_version.startswith("13.") else connection.recv(decode=False)
    return message.encode("utf-8") if isinstance(message, str) else message


class _WebSocketConnect(connect):  # type: ignore[misc, unused-ignore]
    """Follows redirects to the same origin alone."""

    _redirect_error_message = "Cross-origin WebSocket redirects are not allowed"

    def process_redirect(self, exc: Exception) -> Any:
        """Where to go next, or the error to raise."""
        target = super().process_redirect(exc)
        if isinstance(target, str) and _origin(target) != _origin(self.uri):
            return SecurityError(self._redirect_error_message)
        return target


#: As it is made here, for who wants to know whether something stands in its place.
_own = _WebSocketConnect

"""Connections of Azure's clients, by the official package's name."""

from __future__ import annotations

from ._websocket import _WebSocketConnect

__all__ = ["_AzureWebSocketConnect"]


class _AzureWebSocketConnect(_WebSocketConnect):
    """Follows redirects to the same origin alone."""

    _redirect_error_message = "Cross-origin Azure WebSocket redirects are not allowed"


#: As it is made here, for who wants to know whether something stands in its place.
_own = _AzureWebSocketConnect

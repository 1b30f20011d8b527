"""Options of WebSocket connections, and what a program is told when one is opened again."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Optional, Sequence, Tuple, Union

from typing_extensions import TypeAlias, TypedDict

from threadline._types import Headers, Query

if TYPE_CHECKING:
    # Types of a package that users of these options have; nothing here needs it.
    from websockets import Subprotocol  # type: ignore[import-not-found, unused-ignore]
    from websockets.extensions import ClientExtensionFactory  # type: ignore[import-not-found, unused-ignore]
else:
    Subprotocol = ClientExtensionFactory = object


class SyncWebSocketConnectionOptions(TypedDict, total=False):
    """Options of a connection, by the names that the package `websockets` gives them."""

    extensions: Optional[Sequence[ClientExtensionFactory]]
    """Extensions to negotiate, in their order."""

    subprotocols: Optional[Sequence[Subprotocol]]
    """Subprotocols, the preferred one first."""

    compression: Optional[str]
    """`deflate` to have messages compressed."""

    max_size: Optional[int]
    """Longest message to accept, in bytes; no limit where it is `None`."""

    max_queue: Union[int, None, Tuple[Optional[int], Optional[int]]]
    """How many received frames may wait to be read; a pair is a high and a low mark."""


class WebSocketConnectionOptions(SyncWebSocketConnectionOptions, total=False):
    """Options of an asynchronous connection."""

    write_limit: Union[int, Tuple[int, Optional[int]]]
    """How many bytes may wait to be sent; a pair is a high and a low mark."""


WebsocketConnectionOptions: TypeAlias = WebSocketConnectionOptions


@dataclasses.dataclass(frozen=True)
class ReconnectingEvent:
    """Told to the `on_reconnecting` handler before a connection is opened again."""

    attempt: int
    """Which attempt this is; the first is 1."""

    max_attempts: int
    """How many there will be at most."""

    delay: float
    """Seconds until this attempt."""

    close_code: int
    """Close code that the connection ended with."""

    extra_query: Query
    """Query parameters of the next connection."""

    extra_headers: Headers
    """Headers of the next connection."""


class ReconnectingOverrides(TypedDict, total=False):
    """What the `on_reconnecting` handler may answer."""

    extra_query: Query
    """Query parameters for the next connection instead."""

    extra_headers: Headers
    """Headers for the next connection instead."""

    abort: bool
    """Whether to give up."""


# RFC 6455, 7.4.1: going away, no code, abnormal end, internal error, restart, try again later, TLS failure.
_RECOVERABLE = frozenset({1001, 1005, 1006, 1011, 1012, 1013, 1015})


def is_recoverable_close(code: int) -> bool:
    """Whether a connection that ended with this close code is worth opening again."""
    return code in _RECOVERABLE

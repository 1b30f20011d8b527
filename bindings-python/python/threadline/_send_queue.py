"""A queue of messages that wait for a connection, with a limit of bytes."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import Any, Awaitable, Callable, Deque, List, Optional, Tuple, Union

from ._exceptions import WebSocketQueueFullError

__all__ = ["SendQueue"]

Message = Union[str, bytes]
#: One mebibyte.
_LIMIT = 1 << 20


def _size(data: Message) -> int:
    return len(data.encode("utf-8")) if isinstance(data, str) else len(data)


class SendQueue:
    """Messages in the order in which they came. Those that are being sent count until they have been; what fails comes back to the front."""

    def __init__(self, max_bytes: int = _LIMIT) -> None:
        self._max_bytes = max_bytes
        self._held: Deque[Tuple[Message, int]] = deque()
        self._bytes = 0
        self._lock = threading.Lock()
        self._sending = threading.Lock()

    def enqueue(self, data: Message, *, only_if_pending: bool = False) -> bool:
        """Adds a message; with `only_if_pending` only behind others, and says whether it did.

        Raises :class:`WebSocketQueueFullError` if it does not fit.
        """
        if only_if_pending and not self._bytes:
            return False
        size = _size(data)
        with self._lock:
            if only_if_pending and not self._bytes:
                return False
            if self._bytes + size > self._max_bytes:
                raise WebSocketQueueFullError(f"the messages that wait would be {self._bytes + size} bytes; the limit is {self._max_bytes}")
            self._held.append((data, size))
            self._bytes += size
        return True

    def drain(self) -> List[Message]:
        """Takes all messages out that are not being sent."""
        with self._lock:
            taken = list(self._held)
            self._held.clear()
            self._bytes -= sum(size for _, size in taken)
        return [data for data, _ in taken]

    def _take(self) -> List[Tuple[Message, int]]:
        with self._lock:
            taken = list(self._held)
            self._held.clear()
        return taken

    def _sent(self, size: int) -> None:
        with self._lock:
            self._bytes -= size

    def _put_back(self, left: List[Tuple[Message, int]]) -> None:
        with self._lock:
            self._held.extendleft(reversed(left))

    def flush_sync(self, send: Callable[[Message], Any], prepare: Optional[Callable[[], Any]] = None) -> None:
        """Sends all that waits."""
        with self._sending:
            left = self._take()
            try:
                if left and prepare is not None:
                    prepare()
                while left:
                    send(left[0][0])
                    self._sent(left.pop(0)[1])
            finally:
                self._put_back(left)

    async def flush_async(
        self, send: Callable[[Message], Awaitable[Any]], prepare: Optional[Callable[[], Awaitable[Any]]] = None
    ) -> None:
        """Sends all that waits."""
        while not self._sending.acquire(blocking=False):
            await asyncio.sleep(0.005)
        left: List[Tuple[Message, int]] = []
        try:
            left = self._take()
            if left and prepare is not None:
                await prepare()
            while left:
                await send(left[0][0])
                self._sent(left.pop(0)[1])
        finally:
            self._put_back(left)
            self._sending.release()

    def __len__(self) -> int:
        return len(self._held)

    def __bool__(self) -> bool:
        return bool(self._held)

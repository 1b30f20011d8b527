"""A queue of messages that wait for a connection, with a limit of bytes."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import Any, Awaitable, Callable, Deque, Iterator, List, Optional, Tuple, Union

from ._exceptions import WebSocketConnectionClosedError, WebSocketQueueFullError

__all__ = ["SendQueue", "SendReceipt"]

Message = Union[str, bytes]
Send = Callable[[Message], Any]
#: One mebibyte.
_LIMIT = 1 << 20


class SendReceipt:
    """What became of one message that another caller may have sent along with its own."""

    def __init__(self) -> None:
        self.error: Optional[BaseException] = None
        self.unsent: Optional[List[Message]] = None

    def raise_if_failed(self) -> None:
        """Raises what sending the message raised."""
        if self.error is not None:
            raise self.error

    def raise_if_unsent(self) -> None:
        """Raises if the connection was closed before the message went out."""
        if self.unsent is not None:
            raise WebSocketConnectionClosedError("WebSocket connection closed with unsent messages", unsent_messages=self.unsent)


class _Message:
    __slots__ = ("data", "receipt", "size")

    def __init__(self, data: Message, receipt: Optional[SendReceipt]) -> None:
        self.data = data
        self.size = len(data.encode("utf-8")) if isinstance(data, str) else len(data)
        self.receipt = receipt


class SendQueue:
    """Messages in the order in which they came, sent by one caller at a time.

    Those that are being sent count until they have been. What fails comes back to the front, or is dropped, as the sender wishes.
    """

    def __init__(self, max_bytes: int = _LIMIT) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._lock = threading.Lock()
        self._waiting: Deque[_Message] = deque()
        #: What a sender has taken and not sent yet.
        self._batch: Optional[Deque[_Message]] = None
        #: Set once the sender of now has ended.
        self._turn: Optional[threading.Event] = None
        self._owner: Optional[Tuple[int, Optional[int]]] = None

    @property
    def has_pending_or_flushing(self) -> bool:
        """Whether anything waits or is being sent."""
        with self._lock:
            return self._busy()

    def _busy(self) -> bool:
        return bool(self._waiting) or self._batch is not None

    def is_flush_owner(self, *, task_id: Optional[int] = None) -> bool:
        """Whether this caller is the one that sends now: it must not wait for itself."""
        with self._lock:
            return self._owner == (threading.get_ident(), task_id)

    def enqueue(self, data: Message, *, only_if_pending: bool = False, receipt: Optional[SendReceipt] = None) -> bool:
        """Adds a message; with `only_if_pending` only behind others, and says whether it did.

        Raises :class:`WebSocketQueueFullError` if it does not fit.
        """
        if only_if_pending and not self.has_pending_or_flushing:
            return False
        message = _Message(data, receipt)
        with self._lock:
            if only_if_pending and not self._busy():
                return False
            total = self._bytes + message.size
            if total > self._max_bytes:
                raise WebSocketQueueFullError(f"the send queue is full: {total} bytes would wait, and the limit is {self._max_bytes}")
            self._waiting.append(message)
            self._bytes = total
        return True

    def flush_sync(self, send: Send, *, requeue_failed: bool = True, prepare_send: Optional[Callable[[], Optional[Send]]] = None) -> None:
        """Sends all that waits. `prepare_send` is asked before each message how to send it; `None` ends it there.

        A message that fails is put back with `requeue_failed`, else dropped; what is behind it is put back. The error is raised.
        """
        while isinstance(batch := self._begin_flush(), threading.Event):
            batch.wait()
        try:
            self._own(None)
            for message, way in self._outgoing(batch, send, prepare_send):
                try:
                    way(message.data)
                except BaseException as error:
                    self._failed(batch, message, error, requeue_failed)
                    raise
                self._settle(message)
        finally:
            self._end_flush(batch)

    async def flush_async(
        self,
        send: Callable[[Message], Awaitable[Any]],
        *,
        requeue_failed: bool = True,
        prepare_send: Optional[Callable[[], Optional[Callable[[Message], Awaitable[Any]]]]] = None,
    ) -> None:
        """As :meth:`flush_sync`."""
        while isinstance(batch := self._begin_flush(), threading.Event):
            # The sender may be on another thread, so the loop must go on meanwhile.
            await asyncio.get_running_loop().run_in_executor(None, batch.wait)
        try:
            self._own(id(asyncio.current_task()))
            for message, way in self._outgoing(batch, send, prepare_send):
                try:
                    await way(message.data)
                except BaseException as error:
                    self._failed(batch, message, error, requeue_failed)
                    raise
                self._settle(message)
        finally:
            self._end_flush(batch)

    def _begin_flush(self) -> Union[Deque[_Message], threading.Event]:
        """What waits, for the caller to send; or the end of the one who sends now."""
        with self._lock:
            if self._turn is not None:
                return self._turn
            self._turn = threading.Event()
            self._batch, self._waiting = self._waiting, deque()
            return self._batch

    def _own(self, task: Optional[int]) -> None:
        with self._lock:
            self._owner = (threading.get_ident(), task)

    def _outgoing(self, batch: Deque[_Message], send: Send, prepare: Optional[Callable[[], Optional[Send]]]) -> Iterator[Tuple[_Message, Send]]:
        while batch:
            way = send
            if prepare is not None:
                prepared = prepare()
                if prepared is None:
                    return
                way = prepared
            with self._lock:
                # Others may have taken the messages while the connection was looked at.
                if not batch:
                    return
                message = batch.popleft()
            yield message, way

    def _settle(self, message: _Message) -> None:
        with self._lock:
            self._bytes -= message.size

    def _failed(self, batch: Deque[_Message], message: _Message, error: BaseException, keep: bool) -> None:
        if message.receipt is not None:
            message.receipt.error = error
        with self._lock:
            if keep:
                batch.appendleft(message)
            else:
                self._bytes -= message.size

    def _end_flush(self, batch: Deque[_Message]) -> None:
        with self._lock:
            self._waiting.extendleft(reversed(batch))
            turn, self._turn = self._turn, None
            self._batch = self._owner = None
        if turn is not None:
            turn.set()

    def drain(self) -> List[Message]:
        """Takes all messages out that are not being sent."""
        return self.mark_unsent(clear=True)

    def mark_unsent(self, *, clear: bool = False) -> List[Message]:
        """Tells the senders of all that waits that it was not sent. It stays for who reads the end, unless it is cleared."""
        with self._lock:
            taken = list(self._batch or ())
            left = [*taken, *self._waiting]
            unsent = [message.data for message in left]
            for message in left:
                if message.receipt is not None:
                    message.receipt.unsent = unsent
            if self._batch is not None:
                # A sender that has looked at the connection already finds nothing more.
                self._batch.clear()
                self._batch = None
                if not clear:
                    self._waiting.extendleft(reversed(taken))
            if clear:
                self._bytes -= sum(message.size for message in left)
                self._waiting.clear()
        return unsent

    def __len__(self) -> int:
        with self._lock:
            return len(self._waiting)

    def __bool__(self) -> bool:
        return len(self) > 0

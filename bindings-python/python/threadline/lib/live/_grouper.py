"""Groupers: transcripts of live sessions in, segments out, with timers for what follows from silence."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import math
import threading
import time
from collections import deque
from typing import Any, Callable, Deque, Dict, List, Literal, Optional, Sequence, Set, Tuple

from ..._exceptions import OpenAIError
from ._segments import LONGEST, Fragment, Options, Speaker, TranscriptSegment, Update
from ._turns import Turns

__all__ = ["AsyncTranscriptGrouper", "TranscriptGrouper"]

_SPEAKERS: Dict[str, Speaker] = {"session.input_transcript.delta": "user", "session.output_transcript.delta": "assistant"}
#: Milliseconds that a fragment waits for one of the other side with the same times.
_TOGETHER = 50
#: The largest number that every language holds exactly.
_LARGEST = 2**53 - 1
_numbers = itertools.count()


def _is_time(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, (int, float)) and 0 <= value <= _LARGEST and int(value) == value


def _fragment(event: Any) -> Tuple[str, Fragment]:
    """The id of an event and its fragment. Events may be made without checks, so they are checked here."""
    event_id, text, start, end = (getattr(event, name, None) for name in ("event_id", "delta", "start_ms", "end_ms"))
    sound = isinstance(event_id, str) and event_id and isinstance(text, str) and _is_time(start) and _is_time(end)
    if not sound or end < start:  # type: ignore[operator]
        raise OpenAIError("Invalid public Live transcript delta: expected an ID, text, and a nonnegative timed interval")
    return str(event_id), Fragment(_SPEAKERS[event.type], str(text), int(start), int(end))  # type: ignore[arg-type]


class _State:
    """Turns with the clock of this process beside that of the transcript."""

    def __init__(self, options: Options, now: Callable[[], float]) -> None:
        self._now = now
        self._turns = Turns(options, f"segment_{next(_numbers)}")
        self._seen: Set[str] = set()
        self._waiting: List[Tuple[Fragment, float]] = []
        #: A time of the transcript, and when it was here.
        self._anchor: Optional[Tuple[int, float]] = None
        self._started: Optional[int] = None
        self.closed = False

    def push(self, event: Any) -> Optional[List[Update]]:
        """What an event changes; `None` where it does not matter."""
        if self.closed:
            raise OpenAIError("Cannot push events after closing the transcript grouper")
        if event.type == "session.closed":
            return self.finish("session_closed")
        if event.type not in _SPEAKERS:
            return None
        event_id, fragment = _fragment(event)
        if event_id in self._seen:
            return None
        self._seen.add(event_id)
        return self._received(fragment) if fragment.text else None

    def _received(self, fragment: Fragment) -> List[Update]:
        one = (fragment, self._now())
        first = self._waiting[0][0] if self._waiting else None
        if first is not None and (first.start_ms, first.end_ms) == (fragment.start_ms, fragment.end_ms):
            self._waiting.append(one)
            both = len({waiting.speaker for waiting, _ in self._waiting}) > 1
            return self._flush() if both else []
        updates = self._flush()
        if self._turns.speaker == fragment.speaker:
            return updates + self._commit([one])
        self._waiting.append(one)
        return updates

    def _flush(self) -> List[Update]:
        waiting, self._waiting = self._waiting, []
        return self._commit(waiting) if waiting else []

    def _commit(self, received: List[Tuple[Fragment, float]]) -> List[Update]:
        updates: List[Update] = []
        start = received[0][0].start_ms
        if self._started is not None and start < self._started:
            updates += self._turns.close(self._there(), "timestamp_reset")
            self._anchor = None
        self._started = start
        reached = 0 if self._anchor is None else self._anchor[0]
        self._anchor = max(reached, *(one.end_ms for one, _ in received)), max(when for _, when in received)
        return updates + self._turns.take([one for one, _ in received])

    def _there(self) -> float:
        """The time of the transcript now."""
        if self._anchor is None:
            return 0
        reached, when = self._anchor
        return reached + max(0, self._now() - when)

    def finish(self, reason: Literal["manual", "session_closed"]) -> List[Update]:
        """Ends all segments, once."""
        if self.closed:
            return []
        self.closed = True
        updates = self._flush() + self._turns.close(self._there(), reason)
        self._seen.clear()
        return updates

    def tick(self) -> List[Update]:
        """What follows from nothing having come."""
        return self._flush() + self._turns.advance(self._there())

    def delay(self) -> Optional[int]:
        """Milliseconds until :meth:`tick` is due."""
        due = self._turns.due()
        if self.closed or (due is None and not self._waiting):
            return None
        left = self._waiting[0][1] + _TOGETHER - self._now() if self._waiting else float(due or 0) - self._there()
        return min(LONGEST, max(0, math.ceil(left)))


class _Grouper:
    def __init__(
        self,
        *,
        min_turn_separation_ms: Optional[float] = None,
        assistant_silence_ms: Optional[float] = None,
        backchannel_max_duration_ms: Optional[float] = None,
        backchannel_isolation_ms: Optional[float] = None,
        additional_acknowledgments: Optional[Sequence[str]] = None,
    ) -> None:
        given: Dict[str, Any] = {name: value for name, value in locals().items() if name.endswith("_ms") and value is not None}
        self._state = _State(Options(**given, additional_acknowledgments=tuple(additional_acknowledgments or ())), self._now)
        self._updates: Deque[Update] = deque()
        self._timer: Any = None
        self._timers = 0
        self._listeners: Dict[str, List[Tuple[Callable[..., Any], bool]]] = {}
        self._listening = threading.Lock()

    def _now(self) -> float:
        """This process's clock, in milliseconds."""
        return time.monotonic() * 1000

    def on(self, event_type: str, handler: Optional[Callable[..., Any]] = None) -> Any:
        """Has a function called with every ``"segment.updated"`` or ``"segment.closed"``. Without a function it is a decorator."""
        return self._listen(event_type, handler, False)

    def once(self, event_type: str, handler: Optional[Callable[..., Any]] = None) -> Any:
        """As :meth:`on`, for the next one alone."""
        return self._listen(event_type, handler, True)

    def off(self, event_type: str, handler: Callable[..., Any]) -> Any:
        """Takes a function away, once."""
        with self._listening:
            held = self._listeners.get(event_type, [])
            index = next((index for index, (known, _) in enumerate(held) if known == handler), None)
            if index is not None:
                del held[index]
        return self

    def _listen(self, event_type: str, handler: Optional[Callable[..., Any]], once: bool) -> Any:
        def add(function: Callable[..., Any]) -> Callable[..., Any]:
            with self._listening:
                self._listeners.setdefault(event_type, []).append((function, once))
            return function

        if handler is None:
            return add
        add(handler)
        return self

    def _handlers(self, update: Update) -> List[Callable[..., Any]]:
        event_type = "segment.updated" if isinstance(update, TranscriptSegment) else "segment.closed"
        with self._listening:
            held = self._listeners.get(event_type, [])
            self._listeners[event_type] = [one for one in held if not one[1]]
        return [function for function, _ in held]

    def _stop_timer(self) -> None:
        self._timers += 1
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _start_timer(self) -> None:
        self._stop_timer()
        delay, number = self._state.delay(), self._timers
        if delay is not None:
            self._timer = self._call_later(delay, lambda: self._ring(number))

    def _rung(self, number: int) -> bool:
        """Takes in what has followed from silence, if the timer is still the one that was started."""
        if number != self._timers or self._state.closed:
            return False
        self._timer = None
        self._updates.extend(self._state.tick())
        self._start_timer()
        return True

    def _call_later(self, delay_ms: int, callback: Callable[[], None]) -> Any:
        raise NotImplementedError

    def _ring(self, number: int) -> None:
        raise NotImplementedError


class TranscriptGrouper(_Grouper):
    """Makes segments of the transcripts of one live session: feed it with the session's events.

    Short remarks of the assistant into what the user says may be left out; ``backchannel_max_duration_ms=0`` keeps them all, and
    ``additional_acknowledgments`` adds phrases that count as such. Functions are called one after the other, also on a thread of a
    timer. It does not touch the connection; :meth:`close` it, or use it in a ``with`` block.
    """

    def __init__(self, **options: Any) -> None:
        self._lock = threading.Lock()
        self._telling = False
        super().__init__(**options)

    def push(self, event: Any) -> None:
        """Takes in an event; those that are no transcript, and those that have come before, are passed over."""
        with self._lock:
            updates = self._state.push(event)
            if updates is None:
                return
            self._updates.extend(updates)
            self._start_timer()
        self._dispatch()

    def close(self) -> None:
        """Ends all segments and timers."""
        with self._lock:
            self._updates.extend(self._state.finish("manual"))
            self._stop_timer()
        self._dispatch()

    def __enter__(self) -> "TranscriptGrouper":
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self.close()

    def _call_later(self, delay_ms: int, callback: Callable[[], None]) -> Any:
        timer = threading.Timer(delay_ms / 1000, callback)
        timer.daemon = True
        timer.start()
        return timer

    def _ring(self, number: int) -> None:
        with self._lock:
            if not self._rung(number):
                return
        self._dispatch()

    def _next(self) -> Optional[Update]:
        with self._lock:
            if self._updates:
                return self._updates.popleft()
            self._telling = False
            return None

    def _dispatch(self) -> None:
        with self._lock:
            if self._telling:
                # Whoever tells now comes to these as well.
                return
            self._telling = True
        try:
            while (update := self._next()) is not None:
                for handler in self._handlers(update):
                    handler(update)
        except BaseException:
            with self._lock:
                self._telling = False
            raise


class _Telling:
    """One run of telling functions, and who waits for it."""

    def __init__(self) -> None:
        self.task: Optional["asyncio.Task[None]"] = None
        self.waiting = 0
        self.noticed = False


class AsyncTranscriptGrouper(_Grouper):
    """Makes segments of the transcripts of one live session, on an event loop. See :class:`TranscriptGrouper`.

    Functions may be coroutine functions. What they raise is raised by ``push`` or ``close``; after a timer the loop's handler of exceptions
    is told.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._dispatch_run: Optional[_Telling] = None

    def _own_loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        if self._loop is not loop:
            raise OpenAIError("The async transcript grouper must be used on its owning event loop")
        return loop

    async def push(self, event: Any) -> None:
        """Takes in an event, and waits for the functions that are told of what it changes."""
        self._own_loop()
        updates = self._state.push(event)
        if updates is not None:
            self._updates.extend(updates)
            self._start_timer()
            await self._dispatch()

    async def close(self) -> None:
        """Ends all segments and timers."""
        self._own_loop()
        self._updates.extend(self._state.finish("manual"))
        self._stop_timer()
        await self._dispatch()

    async def __aenter__(self) -> "AsyncTranscriptGrouper":
        self._own_loop()
        return self

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        await self.close()

    def _call_later(self, delay_ms: int, callback: Callable[[], None]) -> Any:
        return self._own_loop().call_later(delay_ms / 1000, callback)

    def _ring(self, number: int) -> None:
        if self._rung(number):
            self._begin()

    def _begin(self) -> Optional[_Telling]:
        run = self._dispatch_run
        if run is not None and run.task is not None and not run.task.done():
            return run
        if not self._updates:
            return None
        made = self._dispatch_run = _Telling()
        made.task = self._own_loop().create_task(self._tell(made))
        made.task.add_done_callback(lambda task: self._told(made, task))
        return made

    def _told(self, run: _Telling, task: "asyncio.Task[None]") -> None:
        if self._dispatch_run is run:
            self._dispatch_run = None
        error = None if task.cancelled() else task.exception()
        if error is not None and not run.waiting and not run.noticed:
            context = {"message": "Live transcript callback failed", "exception": error, "task": task}
            self._own_loop().call_exception_handler(context)

    async def _dispatch(self) -> None:
        if self._dispatch_run is not None and self._dispatch_run.task is asyncio.current_task():
            return
        run = self._begin()
        if run is None:
            return
        assert run.task is not None
        run.waiting += 1
        try:
            # Who waits may be cancelled; the functions are told to the end.
            await asyncio.shield(run.task)
            run.noticed = True
        except asyncio.CancelledError:
            raise
        except BaseException:
            run.noticed = True
            raise
        finally:
            run.waiting -= 1

    async def _tell(self, run: _Telling) -> None:
        # A loop may run a task as soon as it is made.
        run.task = asyncio.current_task()
        while self._updates:
            update = self._updates.popleft()
            for handler in self._handlers(update):
                told = handler(update)
                if inspect.isawaitable(told):
                    await told

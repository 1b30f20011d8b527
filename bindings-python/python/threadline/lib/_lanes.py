"""One text for programs that block and programs that wait: a runner is written as coroutines, and a lane says how a caller's functions
are called.

In the blocking lane nothing ever waits, so a coroutine runs from one end to the other in one step, on the caller's thread.
"""

from __future__ import annotations

import inspect
from typing import Any, AsyncGenerator, Callable, Coroutine, Dict, Generator, Optional

__all__ = ["BLOCKING", "WAITING", "Lane", "callable_flavor", "finished", "invoke", "steps"]


def finished(work: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine of the blocking lane."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    work.close()
    raise RuntimeError("a blocking call had to wait")


def steps(work: AsyncGenerator[Any, None]) -> Generator[Any, None, None]:
    """An asynchronous generator of the blocking lane, as one that blocks."""
    try:
        while True:
            try:
                step = finished(work.__anext__())
            except StopAsyncIteration:
                return
            yield step
    finally:
        finished(work.aclose())


def _signature(function: Callable[..., Any]) -> Optional[inspect.Signature]:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def _takes_cancelled(function: Callable[..., Any]) -> bool:
    signature = _signature(function)
    parameter = None if signature is None else signature.parameters.get("cancelled")
    return parameter is not None and parameter.kind is inspect.Parameter.KEYWORD_ONLY


def invoke(handler: Callable[..., Any], *args: Any, cancelled: Optional[Callable[[], bool]]) -> Any:
    """Calls a function of the caller's, and hands it the question whether to stop if it has a keyword for it."""
    named: Dict[str, Any] = {"cancelled": cancelled} if _takes_cancelled(handler) else {}
    return handler(*args, **named)


def callable_flavor(method: Callable[..., Any]) -> Optional[bool]:
    """Whether a function is to be awaited; `None` where neither its kind nor its annotation says."""
    function: Any = method
    while hasattr(function, "func"):
        function = function.func
    called = getattr(type(function), "__call__", None)
    if inspect.iscoroutinefunction(inspect.unwrap(function)) or inspect.iscoroutinefunction(called):
        return True
    if not inspect.isroutine(function) and called is not None:
        function = called
    annotation = getattr(inspect.unwrap(function), "__annotations__", {}).get("return", inspect.Parameter.empty)
    if annotation in (inspect.Parameter.empty, Any, object, "Any", "object", "typing.Any", "t.Any"):
        return None
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    return any(word in text for word in ("Awaitable", "Coroutine", "Future", "Task"))


def dropped(value: Any) -> None:
    """Closes a coroutine that nobody will await, so that it has not begun and does not warn. Futures stay their owner's."""
    if inspect.iscoroutine(value):
        value.close()


class Lane:
    """How functions of the caller's are called, and what an awaitable from one of them means."""

    waits: bool

    def __init__(self, waits: bool) -> None:
        self.waits = waits

    async def settle(self, value: Any, refusal: Callable[[], BaseException]) -> Any:
        """The value of a call. An awaitable in the blocking lane is refused, and never begun."""
        if not inspect.isawaitable(value):
            return value
        if self.waits:
            return await value
        dropped(value)
        raise refusal()

    async def call(self, handler: Callable[..., Any], *args: Any, cancelled: Optional[Callable[[], bool]] = None) -> Any:
        """Calls a function of the caller's; in the waiting lane its awaitable is awaited."""
        return await self.settle(invoke(handler, *args, cancelled=cancelled), _wrong_lane)


def _wrong_lane() -> BaseException:
    return TypeError("a function of a blocking runner returned an awaitable: use the asynchronous one")


BLOCKING = Lane(False)
WAITING = Lane(True)

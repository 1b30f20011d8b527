"""Functions of the user's, called for the native module.

`context` is a copy of the context of the call on whose behalf a function runs, where there is one. Several functions of a call may run at
the same time, and a context takes only one in, so each has a copy of its own.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from typing import Any

__all__ = ["deliver", "run", "settle"]


def run(context: Any, function: Any, arguments: Any) -> Any:
    """What the function returns."""
    return function(*arguments) if context is None else context.copy().run(function, *arguments)


def settle(context: Any, function: Any, arguments: Any) -> Any:
    """What the function returns, or what its awaitable comes to, on a thread that may wait."""
    return run(context, _settle, (function, arguments))


def _settle(function: Any, arguments: Any) -> Any:
    value = function(*arguments)
    if not inspect.isawaitable(value):
        return value

    async def waiting() -> Any:
        return await value

    if asyncio._get_running_loop() is None:
        return asyncio.run(waiting())
    # The thread has an event loop, which waits for it.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as aside:
        return aside.submit(contextvars.copy_context().run, asyncio.run, waiting()).result()


_running: "set[Any]" = set()


def deliver(context: Any, function: Any, arguments: Any, reply: Any) -> None:
    """Hands what the function returns to `reply`, or what its awaitable comes to, on the thread of the running loop."""
    run(context, _deliver, (function, arguments, reply))


def _deliver(function: Any, arguments: Any, reply: Any) -> None:
    value = function(*arguments)
    if not inspect.isawaitable(value):
        reply.value(value)
        return

    async def waiting() -> None:
        try:
            result = await value
        except BaseException as error:
            reply.error(error)
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
        else:
            reply.value(result)

    # The loop itself holds tasks only weakly. A task takes a copy of the context it is made in.
    task = asyncio.get_running_loop().create_task(waiting())
    _running.add(task)
    task.add_done_callback(_running.discard)

"""Requests sent one by one, many at the same time."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, AsyncIterator, Callable, Dict, Iterable, Iterator, List, Optional, Set

from .._undocumented import RAW, _call, _cast
from ._journal import Journal
from ._pace import Pace, asks_to_wait
from ._progress import Progress
from ._requests import Call, Result, call_of

__all__ = ["async_imap", "async_map", "imap", "map"]


def map(  # noqa: A001
    requests: Iterable[Any],
    *,
    client: Any = None,
    concurrency: int = 32,
    endpoint: Optional[str] = None,
    progress: bool = False,
    journal: Any = None,
    options: Optional[Dict[str, Any]] = None,
) -> List[Result]:
    """Makes all calls, and gives their results in the order of the requests.

    An error is part of its result and ends nothing; a refusal for too many requests is no error: the call is made again when the provider
    lets it, and fewer are made at the same time until then.

    :param requests: bodies of calls as dictionaries, or lines of a Batch API file (``custom_id``, ``url``, ``body``). Any iterable; it is
        read as fast as calls are made.
    :param client: whose settings and key are used; a sync or an async client. Default: a client of the environment.
    :param concurrency: most calls at the same time.
    :param endpoint: path for requests that do not say it themselves, such as ``"/v1/completions"``.
    :param progress: shows a bar (tqdm, if it is installed) or a count on standard error.
    :param journal: a file of JSON lines. Each result is written down when it comes; a later run with the same journal makes only the calls
        that it lacks.
    :param options: options of each call: ``timeout``, ``max_retries``, ``headers`` …
    :raises ValueError: a request is none, or two have one ``custom_id``.
    """
    run = imap(
        requests, client=client, concurrency=concurrency, endpoint=endpoint, progress=progress, journal=journal, options=options
    )
    return sorted(run, key=lambda result: result.index)


async def async_map(
    requests: Any,
    *,
    client: Any = None,
    concurrency: int = 32,
    endpoint: Optional[str] = None,
    progress: bool = False,
    journal: Any = None,
    options: Optional[Dict[str, Any]] = None,
) -> List[Result]:
    """As :func:`map`, for an event loop; ``requests`` may be an async iterable."""
    run = async_imap(
        requests, client=client, concurrency=concurrency, endpoint=endpoint, progress=progress, journal=journal, options=options
    )
    return sorted([result async for result in run], key=lambda result: result.index)


def imap(
    requests: Iterable[Any],
    *,
    client: Any = None,
    concurrency: int = 32,
    endpoint: Optional[str] = None,
    progress: bool = False,
    journal: Any = None,
    options: Optional[Dict[str, Any]] = None,
) -> Iterator[Result]:
    """As :func:`map`, but each result comes when it is there. Leaving the iteration cancels what is under way."""
    loop = _Loop()
    run = async_imap(
        requests, client=client, concurrency=concurrency, endpoint=endpoint, progress=progress, journal=journal, options=options
    )
    try:
        while True:
            try:
                yield loop.run(run.__anext__)
            except StopAsyncIteration:
                return
    finally:
        loop.run(run.aclose)  # type: ignore[attr-defined]
        loop.close()


async def async_imap(
    requests: Any,
    *,
    client: Any = None,
    concurrency: int = 32,
    endpoint: Optional[str] = None,
    progress: bool = False,
    journal: Any = None,
    options: Optional[Dict[str, Any]] = None,
) -> AsyncIterator[Result]:
    """As :func:`imap`, for an event loop."""
    pace = Pace(concurrency)
    native = _native_of(client)
    total = len(requests) if hasattr(requests, "__len__") else None
    written = None if journal is None else Journal(journal)
    shown = Progress(progress, total)
    source = _Calls(requests, endpoint)
    under_way: Set[asyncio.Task[Result]] = set()
    try:
        while True:
            while len(under_way) < pace.limit and (call := await source.next()) is not None:
                found = None if written is None else written.found(call)
                if found is not None:
                    shown.step(True)
                    yield found
                    continue
                work = _make(native, call, pace, written, options or {})
                under_way.add(asyncio.get_running_loop().create_task(work))
            if not under_way:
                return
            done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                result = task.result()
                shown.step(result.ok)
                yield result
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        shown.close()
        if written is not None:
            written.close()


async def _make(native: Any, call: Call, pace: Pace, journal: Optional[Journal], options: Dict[str, Any]) -> Result:
    own: Dict[str, Any] = {**options}
    if journal is not None:
        # A run that goes on after a crash asks for the same thing, not for another.
        own.setdefault("idempotency_key", f"threadline-bulk-{call.fingerprint}")
    while True:
        wait = pace.pause()
        if wait > 0:
            await asyncio.sleep(wait)
            continue
        try:
            request = _call("post", call.path, call.cast_to, call.body, None, own, None, False)
            value = _cast(await native.request_async(*request, RAW), call.cast_to, own)
        except Exception as error:
            if asks_to_wait(error):
                pace.refused(getattr(error, "retry_after", None))
                continue
            result = Result(call.index, call.custom_id, error=error)
        else:
            pace.succeeded()
            result = Result(call.index, call.custom_id, value)
        if journal is not None:
            journal.note(call, result)
        return result


def _native_of(client: Any) -> Any:
    """The native client behind, with limits that are learned from the replies' headers."""
    if client is None:
        from .._client import AsyncOpenAI

        client = AsyncOpenAI()
    network = client._options["network"]
    if "limits" not in network:
        client = client.copy(network={**network, "limits": {"learn": True}})
    return client._native


class _Calls:
    """The requests, one after the other, whatever they come from."""

    def __init__(self, requests: Any, endpoint: Optional[str]) -> None:
        if isinstance(requests, (str, bytes, dict)):
            raise TypeError(f"`requests` is an iterable of requests, not one of type {type(requests).__name__}")
        self._async = requests.__aiter__() if hasattr(requests, "__aiter__") else None
        self._plain = iter(()) if self._async is not None else iter(requests)
        self._endpoint = endpoint
        self._seen: Set[str] = set()
        self._count = 0

    async def next(self) -> Optional[Call]:
        try:
            request = next(self._plain) if self._async is None else await self._async.__anext__()
        except (StopIteration, StopAsyncIteration):
            return None
        call = call_of(self._count, request, self._endpoint)
        self._count += 1
        if call.custom_id in self._seen:
            raise ValueError(f"two requests have the `custom_id` {call.custom_id!r}")
        self._seen.add(call.custom_id)
        return call


class _Loop:
    """An event loop for a caller that has none; on a thread of its own where the caller's thread has one that runs."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._task: Optional[asyncio.Task[Any]] = None
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self._thread: Optional[ThreadPoolExecutor] = None
        else:
            self._thread = ThreadPoolExecutor(1, "threadline-bulk")

    def run(self, make: Callable[[], Any]) -> Any:
        """What an awaitable comes to. An interrupt of the caller cancels it."""
        if self._thread is None:
            return self._step(make)
        step = self._thread.submit(self._step, make)
        try:
            return step.result()
        except BaseException:
            if not step.done():
                self._loop.call_soon_threadsafe(self._cancel)
                step.exception()
            raise

    def _step(self, make: Callable[[], Any]) -> Any:
        async def work() -> Any:
            return await make()

        self._task = self._loop.create_task(work())
        try:
            return self._loop.run_until_complete(self._task)
        except BaseException:
            if not self._task.done():
                self._cancel()
                self._loop.run_until_complete(asyncio.wait([self._task]))
            raise

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def close(self) -> None:
        self._loop.close()
        if self._thread is not None:
            self._thread.shutdown()

"""The same requests as jobs of the Batch API: half the price, done within a day."""

from __future__ import annotations

import hashlib
import inspect
import json
from typing import Any, Callable, Dict, Generator, Iterable, List, Mapping, Optional

from ._journal import Journal
from ._progress import Progress
from ._requests import Call, Result, call_of, failure, value_of

__all__ = ["async_batch", "batch"]

#: What one job may hold.
_REQUESTS = 50_000
_BYTES = 190_000_000

#: A step of the work: something to do with a client.
_Steps = Generator[Callable[[Any], Any], Any, List[Result]]


def batch(
    requests: Iterable[Any],
    *,
    client: Any = None,
    endpoint: Optional[str] = None,
    completion_window: str = "24h",
    metadata: Optional[Mapping[str, str]] = None,
    poll_interval: Optional[float] = None,
    progress: bool = False,
    journal: Any = None,
) -> List[Result]:
    """Makes all calls as jobs of the Batch API, waits for them, and gives the results in the order of the requests.

    There is a job for each endpoint, and more where they are too large for one. With a journal a later run waits for the jobs that the
    first one made, and makes none anew. A request that its job did not come to has an error in its result.

    :param requests: as for :func:`map`.
    :param client: a :class:`threadline.OpenAI`. Default: a client of the environment.
    :param endpoint: path for requests that do not say it themselves.
    :param completion_window: how long the provider may take; it offers ``"24h"``.
    :param metadata: what the jobs are marked with at the provider.
    :param poll_interval: seconds between looks at a job. Default: as with every poll.
    :param progress: shows how far it is.
    :param journal: a file of JSON lines; see :func:`map`.
    :raises ValueError: a request is none, or two have one ``custom_id``.
    """
    if client is None:
        from .._client import OpenAI

        client = OpenAI()
    steps = _steps(list(requests), endpoint, completion_window, metadata, poll_interval, progress, journal)
    try:
        step = next(steps)
        while True:
            try:
                answer = step(client)
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration as end:
        results: List[Result] = end.value
        return results


async def async_batch(
    requests: Any,
    *,
    client: Any = None,
    endpoint: Optional[str] = None,
    completion_window: str = "24h",
    metadata: Optional[Mapping[str, str]] = None,
    poll_interval: Optional[float] = None,
    progress: bool = False,
    journal: Any = None,
) -> List[Result]:
    """As :func:`batch`, for an event loop; ``client`` is a :class:`threadline.AsyncOpenAI`, ``requests`` may be an async iterable."""
    if client is None:
        from .._client import AsyncOpenAI

        client = AsyncOpenAI()
    all_requests = [request async for request in requests] if hasattr(requests, "__aiter__") else list(requests)
    steps = _steps(all_requests, endpoint, completion_window, metadata, poll_interval, progress, journal)
    try:
        step = next(steps)
        while True:
            try:
                answer = step(client)
                if inspect.isawaitable(answer):
                    answer = await answer
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration as end:
        results: List[Result] = end.value
        return results


def _steps(
    requests: List[Any],
    endpoint: Optional[str],
    window: str,
    metadata: Optional[Mapping[str, str]],
    interval: Optional[float],
    progress: bool,
    journal: Any,
) -> _Steps:
    calls = [call_of(index, request, endpoint) for index, request in enumerate(requests)]
    if len({call.custom_id for call in calls}) != len(calls):
        raise ValueError("two requests have the same `custom_id`")
    written = None if journal is None else Journal(journal)
    shown = Progress(progress, len(calls))
    results: Dict[str, Result] = {}
    try:
        for call in calls:
            found = None if written is None else written.found(call)
            if found is not None:
                results[call.custom_id] = found
                shown.step(True)
        rest = [call for call in calls if call.custom_id not in results]
        jobs = []
        # All are on their way before the first is waited for.
        for part in _parts(rest):
            job = yield from _job(part, window, metadata, written)
            jobs.append((part, job))
        for part, job in jobs:
            shown.say(f"batch {job}")
            done = yield _poll(job, interval)
            lines = yield from _lines(done)
            for call in part:
                result = _result(call, lines.get(call.custom_id), done)
                results[call.custom_id] = result
                if written is not None:
                    written.note(call, result)
                shown.step(result.ok)
    finally:
        shown.close()
        if written is not None:
            written.close()
    return [results[call.custom_id] for call in calls]


def _parts(calls: List[Call]) -> List[List[Call]]:
    """The calls of each job: of one endpoint, and no more than fit."""
    parts: List[List[Call]] = []
    for url in dict.fromkeys(call.url for call in calls):
        room = count = 0
        for call in calls:
            if call.url != url:
                continue
            size = len(call.line().encode()) + 1
            if size > room or count == 0:
                parts.append([])
                room, count = _BYTES, _REQUESTS
            parts[-1].append(call)
            room, count = room - size, count - 1
    return parts


def _job(part: List[Call], window: str, metadata: Any, journal: Optional[Journal]) -> Generator[Any, Any, str]:
    """The id of the job for these calls: one that is in the journal, or a new one."""
    fingerprint = hashlib.sha256("".join(call.fingerprint for call in part).encode()).hexdigest()[:32]
    known = None if journal is None else journal.job(fingerprint)
    if known is not None:
        return known
    content = "".join(call.line() + "\n" for call in part).encode()
    file = yield lambda client: client.files.create(file=("requests.jsonl", content, "application/jsonl"), purpose="batch")
    options: Dict[str, Any] = {} if metadata is None else {"metadata": dict(metadata)}
    made = yield lambda client: client.batches.create(
        input_file_id=file.id, endpoint=part[0].url, completion_window=window, **options
    )
    if journal is not None:
        journal.note_job(fingerprint, made.id)
    return str(made.id)


def _poll(job: str, interval: Optional[float]) -> Callable[[Any], Any]:
    options = {} if interval is None else {"poll_interval_ms": interval * 1000}
    return lambda client: client.batches.poll(job, **options)


def _lines(done: Any) -> Generator[Any, Any, Dict[str, Any]]:
    """What the job has to say of each request, by its name."""
    lines: Dict[str, Any] = {}
    for file_id in (done.output_file_id, done.error_file_id):
        if file_id:
            content = yield _content(file_id)
            for line in content.read().splitlines():
                if line.strip():
                    entry = json.loads(line)
                    lines[entry["custom_id"]] = entry
    return lines


def _content(file_id: str) -> Callable[[Any], Any]:
    return lambda client: client.files.content(file_id)


def _result(call: Call, entry: Optional[Mapping[str, Any]], done: Any) -> Result:
    response = (entry or {}).get("response") or {}
    status, body, request_id = response.get("status_code"), response.get("body"), response.get("request_id")
    if status is not None and 200 <= status < 300:
        value = value_of(call, body)
        if request_id and hasattr(value, "_request_id"):
            value._request_id = request_id
        return Result(call.index, call.custom_id, value)
    error = (entry or {}).get("error")
    if status is None and error:
        body = {"error": error}
    told = [item.message for item in getattr(done.errors, "data", None) or [] if item.message]
    message = f"the batch {done.id} ended as {done.status} without this request" + (f": {'; '.join(told)}" if told else "")
    return Result(call.index, call.custom_id, error=failure(status, body, message, request_id))

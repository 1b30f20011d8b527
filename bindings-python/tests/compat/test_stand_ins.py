"""Methods that a test stands in for: helpers of several requests call them one by one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Callable, Dict, List
from unittest import mock

import httpx
import pytest
from openai.resources.vector_stores.files import Files

from .test_client import asynchronous, make, make_async

FILE = {"id": "f", "object": "vector_store.file", "created_at": 1, "status": "completed", "usage_bytes": 1, "vector_store_id": "vs", "last_error": None}
READY = "in_progress", "completed"


def served(*statuses: str) -> Callable[[httpx.Request], httpx.Response]:
    rest = list(statuses)

    def answer(request: httpx.Request) -> httpx.Response:
        status = rest.pop(0) if len(rest) > 1 else rest[0]
        return httpx.Response(200, json={**FILE, "status": status}, headers={"openai-poll-after-ms": "250"})

    return answer


def test_a_pause_that_is_stood_in_for_is_called_as_the_provider_says() -> None:
    files = make(served(*READY)).vector_stores.files
    with mock.patch.object(files, "_sleep") as pause:
        assert files.poll("f", vector_store_id="vs").status == "completed"
    pause.assert_called_once_with(0.25)


@asynchronous
async def test_it_is_awaited_where_the_client_is() -> None:
    files = make_async(served(*READY)).vector_stores.files
    with mock.patch.object(files, "_sleep") as pause:
        found = await files.poll("f", vector_store_id="vs", poll_interval_ms=100)
    assert found.status == "completed"
    pause.assert_called_once_with(0.1)


def test_a_wait_ends_where_the_caller_says() -> None:
    files = make(served("in_progress")).vector_stores.files
    with mock.patch.object(files, "_sleep"), pytest.raises(TimeoutError, match="f"):
        files.poll("f", vector_store_id="vs", max_wait_seconds=0)
    with pytest.raises(ValueError, match="finite, non-negative"):
        files.poll("f", vector_store_id="vs", max_wait_seconds=-1)


def test_uploads_go_through_the_methods_of_files_and_of_the_store() -> None:
    calls: List[Dict[str, Any]] = []

    def note(**arguments: Any) -> Any:
        calls.append(arguments)
        return SimpleNamespace(id="uploaded")

    client: Any = mock.Mock(files=SimpleNamespace(create=note))
    files: Any = Files(client)
    with mock.patch.object(files, "create", side_effect=note), mock.patch.object(files, "poll", return_value="ready") as poll:
        assert files.upload_and_poll(vector_store_id="vs", file=b"text", poll_interval_ms=5) == "ready"
    sent, attached = calls
    assert sent == {"file": b"text", "purpose": "assistants"}
    assert (attached["vector_store_id"], attached["file_id"]) == ("vs", "uploaded")
    assert poll.call_args.args == ("uploaded",) and poll.call_args.kwargs["poll_interval_ms"] == 5


def test_runs_are_polled_by_the_methods_of_the_resource() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"id": "r", "object": "thread.run", "status": "queued" if len(seen) == 1 else "completed"})

    seen: List[httpx.Request] = []
    runs = make(answer).beta.threads.runs
    with mock.patch.object(runs, "_sleep") as pause, pytest.warns(DeprecationWarning):
        assert runs.poll("r", "t", poll_interval_ms=20).status == "completed"
    pause.assert_called_once_with(0.02)
    assert [request.headers["X-Stainless-Custom-Poll-Interval"] for request in seen] == ["20", "20"]


def test_files_are_waited_for_by_the_methods_of_the_resource() -> None:
    from openai.resources.files import Files as Uploaded

    files: Any = Uploaded(mock.Mock())
    states = [SimpleNamespace(status="uploaded"), SimpleNamespace(status="processed")]
    with mock.patch.object(files, "retrieve", side_effect=states) as retrieve, mock.patch.object(files, "_sleep") as pause:
        assert files.wait_for_processing("f", poll_interval=0.25) is states[1]
    pause.assert_called_once_with(0.25)
    assert retrieve.call_count == 2
    with mock.patch.object(files, "retrieve", return_value=states[0]), mock.patch.object(files, "_sleep"):
        with pytest.raises(RuntimeError, match="Giving up on waiting for file f"):
            files.wait_for_processing("f", max_wait_seconds=-1)


VIDEO = {"id": "v", "object": "video", "created_at": 1, "model": "sora-2", "progress": 0, "seconds": "4", "size": "720x1280"}


def filmed(seen: List[httpx.Request], *statuses: str) -> Callable[[httpx.Request], httpx.Response]:
    rest = list(statuses)

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        after = "250" if len(seen) == 2 else "9000"
        return httpx.Response(200, json={**VIDEO, "status": rest.pop(0)}, headers={"openai-poll-after-ms": after})

    return answer


def test_videos_are_waited_for_as_the_first_look_says() -> None:
    seen: List[httpx.Request] = []
    videos = make(filmed(seen, "queued", "queued", "in_progress", "completed")).videos
    with mock.patch.object(videos, "_sleep") as pause, pytest.warns(DeprecationWarning, match="^The Sora API"):
        assert videos.create_and_poll(prompt="p").status == "completed"
    assert [call.args for call in pause.call_args_list] == [(0.25,), (0.25,)]
    assert [request.method for request in seen] == ["POST", "GET", "GET", "GET"]
    assert seen[1].headers["X-Stainless-Poll-Helper"] == "true"


@asynchronous
async def test_they_are_by_a_client_for_an_event_loop() -> None:
    seen: List[httpx.Request] = []
    videos = make_async(filmed(seen, "queued", "queued", "failed")).videos
    with mock.patch.object(videos, "_sleep") as pause, pytest.warns(DeprecationWarning, match="^The Sora API"):
        assert (await videos.create_and_poll(prompt="p", poll_interval_ms=30)).status == "failed"
    pause.assert_awaited_once_with(0.03)
    assert seen[1].headers["X-Stainless-Custom-Poll-Interval"] == "30"


def test_the_pause_before_another_attempt_can_be_stood_in_for(monkeypatch: pytest.MonkeyPatch) -> None:
    told: List[Dict[str, Any]] = []
    replies = [httpx.Response(500, json={}), httpx.Response(200, json={"object": "list", "data": []})]
    client = make(lambda request: replies.pop(0), max_retries=1)
    monkeypatch.setattr(client, "_sleep_for_retry", lambda **given: told.append(given))
    assert client.models.list().data == []
    assert [(given["retries_taken"], given["max_retries"], given["response"].status_code) for given in told] == [(0, 1, 500)]

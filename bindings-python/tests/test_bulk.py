"""`threadline.bulk`: many calls, journals, jobs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, AsyncIterator, Dict, List

import pytest
import threadline
from threadline import bulk
from threadline.testing import MockServer
from threadline.types.chat import ChatCompletion

pytest_plugins = ["threadline.testing.pytest_plugin"]


def request(text: str, **more: Any) -> Dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], **more}


def texts(server: MockServer) -> List[str]:
    return [seen.json["messages"][0]["content"] for seen in server.requests]


def test_results_come_in_the_order_of_the_requests(threadline_mock: MockServer) -> None:
    results = bulk.map([request(str(n)) for n in range(50)], client=threadline_mock.client(), concurrency=8)
    assert [result.index for result in results] == list(range(50))
    assert all(isinstance(result.unwrap(), ChatCompletion) for result in results)
    assert sorted(texts(threadline_mock), key=int) == [str(n) for n in range(50)]


def test_no_more_are_under_way_than_were_allowed(threadline_mock: MockServer) -> None:
    threadline_mock.reply(times="always", gate="all", synth=True)

    async def run() -> None:
        work = asyncio.ensure_future(bulk.async_map([request(str(n)) for n in range(9)], client=threadline_mock.async_client(), concurrency=3))
        await asyncio.to_thread(threadline_mock.wait_for_requests, 3)
        with pytest.raises(TimeoutError):
            await asyncio.to_thread(threadline_mock.wait_for_requests, 4, 0.2)
        threadline_mock.open("all")
        assert len(await work) == 9

    asyncio.run(run())


def test_an_error_is_its_own_results_alone(threadline_mock: MockServer) -> None:
    threadline_mock.reply(status=400, json={"error": {"message": "bad one", "code": "c"}}).reply(synth=True, times="always")
    first, *others = bulk.map([request("a"), request("b"), request("c")], client=threadline_mock.client(), concurrency=1)
    assert isinstance(first.error, threadline.BadRequestError) and not first.ok and all(result.ok for result in others)
    with pytest.raises(threadline.BadRequestError, match="bad one"):
        first.unwrap()


def test_a_refusal_is_waited_out_and_a_quota_is_not(threadline_mock: MockServer) -> None:
    slow = {"status": 429, "headers": {"retry-after-ms": "10"}, "json": {"error": {"message": "slow down"}}}
    threadline_mock.script([slow] * 5).reply(synth=True)
    (result,) = bulk.map([request("a")], client=threadline_mock.client(max_retries=0))
    assert result.ok and len(threadline_mock.requests) == 6
    threadline_mock.reset()
    threadline_mock.reply(status=429, json={"error": {"message": "none left", "code": "insufficient_quota"}}, times="always")
    (result,) = bulk.map([request("a")], client=threadline_mock.client(max_retries=0))
    assert isinstance(result.error, threadline.RateLimitError)


def test_headers_of_replies_set_the_pace(threadline_mock: MockServer) -> None:
    spent = {"x-ratelimit-limit-requests": "1", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "400ms"}
    threadline_mock.reply(synth=True, headers=spent).reply(synth=True, times="always")
    results = bulk.map([request("a"), request("b")], client=threadline_mock.client(), concurrency=1)
    first, second = threadline_mock.requests
    assert all(result.ok for result in results)
    assert second.record["at_ms"] - first.record["at_ms"] >= 300


def test_a_journal_makes_only_what_is_missing(threadline_mock: MockServer, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    threadline_mock.reply(synth=True).reply(status=400, json={"error": {"message": "no"}}).reply(synth=True, times="always")
    requests = [request("a"), request("b"), request("c")]
    client = threadline_mock.client()
    first = bulk.map(requests, client=client, concurrency=1, journal=journal)
    assert [result.ok for result in first] == [True, False, True]
    with journal.open("ab") as file:
        file.write(b'{"custom_id": "cut o')
    second = bulk.map(requests, client=client, concurrency=1, journal=journal)
    assert [result.from_journal for result in second] == [True, False, True] and second[1].ok
    assert second[0].value == first[0].value and isinstance(second[0].value, ChatCompletion)
    assert texts(threadline_mock) == ["a", "b", "c", "b"]
    keys = [seen.headers["idempotency-key"] for seen in threadline_mock.requests]
    assert keys[1] == keys[3] and len(set(keys)) == 3
    assert all(json.loads(line) for line in journal.read_text().splitlines())
    changed = bulk.map([request("other"), *requests[1:]], client=client, journal=journal)
    assert [result.from_journal for result in changed] == [False, True, True]


def test_a_journal_is_one_runs_at_a_time(threadline_mock: MockServer, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    run = bulk.imap([request("a"), request("b")], client=threadline_mock.client(), concurrency=1, journal=journal)
    next(run)
    with pytest.raises(RuntimeError, match="in use"):
        bulk.map([request("a")], client=threadline_mock.client(), journal=journal)
    run.close()  # type: ignore[attr-defined]
    assert bulk.map([request("a")], client=threadline_mock.client(), journal=journal)[0].from_journal
    journal.write_text("no journal\n")
    with pytest.raises(ValueError, match="not JSON"):
        bulk.map([request("a")], client=threadline_mock.client(), journal=journal)


def test_leaving_cancels_what_is_under_way(threadline_mock: MockServer) -> None:
    threadline_mock.reply(synth=True, end="close").reply(nothing=True, end="hold", times="always")
    run = bulk.imap([request(str(n)) for n in range(4)], client=threadline_mock.client(), concurrency=2)
    assert next(run).ok
    threadline_mock.wait_for_requests(2)
    run.close()  # type: ignore[attr-defined]
    assert threadline_mock.wait_until_closed()


def test_it_works_where_a_loop_is_running_and_with_async_sources(threadline_mock: MockServer) -> None:
    async def source() -> AsyncIterator[Dict[str, Any]]:
        for n in range(5):
            yield request(str(n), custom_id=f"own-{n}")

    async def run() -> None:
        assert len(bulk.map([request("a")], client=threadline_mock.client())) == 1
        results = await bulk.async_map(source(), client=threadline_mock.async_client())
        assert [result.custom_id for result in results] == [f"own-{n}" for n in range(5)]

    asyncio.run(run())
    assert all("custom_id" not in seen.json for seen in threadline_mock.requests)


def test_the_endpoint_is_seen_or_told(threadline_mock: MockServer) -> None:
    requests: List[Dict[str, Any]] = [
        {"model": "m", "input": "hi"},
        {"model": "text-embedding-3-small", "input": "hi"},
        {"custom_id": "line", "method": "POST", "url": "/v1/completions", "body": {"model": "m", "prompt": "hi"}},
    ]
    results = bulk.map(requests, client=threadline_mock.client(), concurrency=1)
    assert [seen.path for seen in threadline_mock.requests] == ["/v1/responses", "/v1/embeddings", "/v1/completions"]
    assert [type(result.unwrap()).__name__ for result in results] == ["Response", "CreateEmbeddingResponse", "Completion"]
    for wrong, why in [([{"prompt": "x"}], "endpoint"), (["x"], "type str"), ([request("a", stream=True)], "stream")]:
        with pytest.raises((TypeError, ValueError), match=why):
            bulk.map(wrong, client=threadline_mock.client())
    with pytest.raises(ValueError, match="custom_id"):
        bulk.map([request("a", custom_id="x"), request("b", custom_id="x")], client=threadline_mock.client())


def test_progress_is_shown(threadline_mock: MockServer, capsys: Any) -> None:
    bulk.map([request("a"), request("b")], client=threadline_mock.client(), progress=True)
    assert "2/2" in capsys.readouterr().err


def job(status: str, **more: Any) -> Dict[str, Any]:
    known = {"id": "batch_1", "object": "batch", "endpoint": "/v1/chat/completions", "input_file_id": "file_in", "completion_window": "24h"}
    return {"json": {**known, "status": status, "created_at": 1, **more}}


def script_of_a_job(server: MockServer) -> None:
    file = {"id": "file_in", "object": "file", "bytes": 1, "created_at": 1, "filename": "f", "purpose": "batch", "status": "processed"}
    completion = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}
    completion["choices"] = [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop", "logprobs": None}]
    good = {"id": "r1", "custom_id": "request-1", "response": {"status_code": 200, "request_id": "req_1", "body": completion}, "error": None}
    bad = {"id": "r0", "custom_id": "request-0", "response": {"status_code": 400, "body": {"error": {"message": "too long"}}}, "error": None}
    server.script([
        {"for": "POST /files", "json": file},
        {"for": "POST /batches", **job("validating")},
        {"for": "GET /batches/{batch_id}", **job("in_progress"), "headers": {"openai-poll-after-ms": "1"}},
        {"for": "GET /batches/{batch_id}", **job("completed", output_file_id="file_out", error_file_id="file_err")},
        {"for": "GET /files/file_out/content", "text": json.dumps(good) + "\n"},
        {"for": "GET /files/file_err/content", "text": json.dumps(bad) + "\n"},
    ])  # fmt: skip


def check_job(server: MockServer, results: List[bulk.Result]) -> None:
    bad, good, lost = results
    assert isinstance(bad.error, threadline.BadRequestError) and "too long" in str(bad.error)
    assert good.unwrap().choices[0].message.content == "hi" and good.value._request_id == "req_1"
    assert "without this request" in str(lost.error)
    upload = next(seen for seen in server.requests if seen.path == "/v1/files")
    (part,) = [part for part in upload.parts if part["name"] == "file"]
    lines = [json.loads(line) for line in part["text"].splitlines()]
    assert [line["custom_id"] for line in lines] == ["request-0", "request-1", "request-2"]
    assert {(line["method"], line["url"]) for line in lines} == {("POST", "/v1/chat/completions")}


def test_a_job_gives_the_same_results(threadline_mock: MockServer) -> None:
    script_of_a_job(threadline_mock)
    requests = [request("a"), request("b"), request("c")]
    check_job(threadline_mock, bulk.batch(requests, client=threadline_mock.client(), poll_interval=0.001))


def test_a_job_of_an_event_loop(threadline_mock: MockServer) -> None:
    script_of_a_job(threadline_mock)
    requests = [request("a"), request("b"), request("c")]
    results = asyncio.run(bulk.async_batch(requests, client=threadline_mock.async_client(), poll_interval=0.001))
    check_job(threadline_mock, results)


def test_a_job_that_was_made_is_waited_for_and_not_made_again(threadline_mock: MockServer, tmp_path: Path) -> None:
    script_of_a_job(threadline_mock)
    journal = tmp_path / "journal.jsonl"
    requests = [request("a"), request("b"), request("c")]
    client = threadline_mock.client(max_retries=0)
    threadline_mock.reset()
    threadline_mock.script([
        {"for": "POST /files", "json": {"id": "file_in", "object": "file", "bytes": 1, "created_at": 1, "filename": "f", "purpose": "batch", "status": "processed"}},
        {"for": "POST /batches", **job("validating")},
        {"for": "GET /batches/{batch_id}", "status": 400, "json": {"error": {"message": "not now"}}},
    ])  # fmt: skip
    with pytest.raises(threadline.APIError):
        bulk.batch(requests, client=client, poll_interval=0.001, journal=journal)
    threadline_mock.reset()
    script_of_a_job(threadline_mock)
    results = bulk.batch(requests, client=client, poll_interval=0.001, journal=journal)
    assert [result.ok for result in results] == [False, True, False]
    assert "/v1/batches" not in [seen.path for seen in threadline_mock.requests]

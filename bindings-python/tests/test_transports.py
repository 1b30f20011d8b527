"""Other ways to the server: a user's own HTTP client, and the assistants engine in the process."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, List

import httpx
import pytest
import threadline
from conftest import Mock

MODEL = {"id": "m", "object": "model", "created": 1, "owned_by": "me"}
CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]}


def test_a_client_of_the_users_carries_calls_and_streams(mock: Mock) -> None:
    mock.script({"json": MODEL}, {"sse": [CHUNK, "[DONE]"]}, {"status": 404, "json": {"error": {"message": "no"}}})
    seen = []
    with httpx.Client(trust_env=False, event_hooks={"request": [seen.append]}) as own:
        client = mock.client(http_client=own)
        assert client.models.retrieve("m").id == "m"
        messages: Any = [{"role": "user", "content": "hi"}]
        stream = client.chat.completions.create(model="m", messages=messages, stream=True)
        assert [part.choices[0].delta.content for part in stream] == ["a"]
        with pytest.raises(threadline.NotFoundError):
            client.models.retrieve("m")
    assert len(seen) == 3


def test_a_transport_in_memory_answers(mock: Mock) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer test-key"
        return httpx.Response(200, json=MODEL)

    with httpx.Client(transport=httpx.MockTransport(handle)) as own:
        assert mock.client(http_client=own).models.retrieve("m").id == "m"
    assert mock.requests() == []


def test_an_async_client_of_the_users_carries_calls(mock: Mock) -> None:
    mock.script({"json": MODEL}, {"sse": [CHUNK, "[DONE]"]})

    async def main() -> None:
        async with httpx.AsyncClient(trust_env=False) as own:
            client = mock.async_client(http_client=own)
            assert (await client.models.retrieve("m")).id == "m"
            messages: Any = [{"role": "user", "content": "hi"}]
            stream = await client.chat.completions.create(model="m", messages=messages, stream=True)
            assert [part.choices[0].delta.content async for part in stream] == ["a"]

    asyncio.run(main())


def test_what_the_users_client_raises_is_a_connection_error_with_its_cause(mock: Mock) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there", request=request)

    with httpx.Client(transport=httpx.MockTransport(refuse)) as own:
        with pytest.raises(threadline.APIConnectionError) as caught:
            mock.client(http_client=own, max_retries=0).models.retrieve("m")
    assert isinstance(caught.value.__cause__, httpx.ConnectError)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_assistants_are_kept_in_this_process(mock: Mock, tmp_path: Path) -> None:
    client = mock.client(assistants=f"sqlite:{tmp_path / 'assistants.db'}")
    assistant = client.beta.assistants.create(model="m", name="x")
    assert client.beta.assistants.retrieve(assistant.id).name == "x"
    assert [found.id for found in client.beta.assistants.list()] == [assistant.id]
    assert mock.requests() == []


def test_a_wait_for_a_video_tells_of_each_look() -> None:
    statuses = ["queued", "in_progress", "completed"]
    told: List[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"id": "v", "object": "video", "created_at": 1, "status": statuses.pop(0)})

    client = threadline.OpenAI(api_key="k", base_url="http://test.local/v1", http_client=httpx.Client(transport=httpx.MockTransport(answer)))
    videos: Any = client.videos
    videos._sleep = lambda seconds: None
    with pytest.warns(DeprecationWarning):
        videos.poll("v", on_update=lambda video: told.append(video.status))
    assert told == ["queued", "in_progress", "completed"]

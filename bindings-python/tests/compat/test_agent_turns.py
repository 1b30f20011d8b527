"""Turns of sessions: functions that are called on the way, results that are read as a type, and files for environments."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, AsyncIterator, Dict, Iterable, Iterator, List, Optional

import httpx
import pydantic
import pytest

from openai import APIStatusError, AsyncOpenAI, OpenAI
from openai.lib.beta.agents import (
    AgentFilePreparationError,
    AgentFileStagingError,
    AgentOutputParseError,
    AgentToolError,
    AgentTurnResultError,
    function_tool,
)

from .test_agents import IDLE, message, turn

ARGUMENTS = {"query": "tea"}


def call(call_id: str, arguments: Any = ARGUMENTS) -> Dict[str, Any]:
    item = {"id": call_id, "type": "function_call", "name": "find", "call_id": call_id, "turn_id": "turn", "arguments": arguments, "status": "in_progress"}
    return {"type": "agent.session.turn.item.added", "session_id": "s", "turn_id": "turn", "output_index": 0, "item": item}


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """Events as they come: a reply that is there at once counts as closed."""

    def __init__(self, events: Iterable[Dict[str, Any]]) -> None:
        self.events = events

    def __iter__(self) -> Iterator[bytes]:
        for number, event in enumerate(self.events):
            yield f"data: {json.dumps({'event_id': str(number), **event})}\n\n".encode()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


class Service:
    """A session whose events are these."""

    def __init__(self, *events: Dict[str, Any], status: str = "idle") -> None:
        self.events, self.status = events, status
        self.sent: List[Dict[str, Any]] = []
        self.keys: List[Optional[str]] = []
        self.refused: List[str] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET" and not request.url.path.endswith("/events"):
            return httpx.Response(200, json={"id": "s", "object": "agent.session", "status": self.status, "required_actions": []})
        if request.method == "POST" and request.url.path.endswith("/events"):
            self.sent.extend(json.loads(request.content)["events"])
            self.keys.append(request.headers.get("idempotency-key"))
            if self.refused:
                told = {"code": "invalid_request_error", "message": self.refused.pop()}
                return httpx.Response(400, json={"error": told})
            return httpx.Response(204)
        if request.method == "POST":
            self.sent.append(json.loads(request.content))
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Body(self.events))

    def client(self) -> OpenAI:
        http = httpx.Client(transport=httpx.MockTransport(self.answer))
        return OpenAI(api_key="k", base_url="https://host.example/v1", max_retries=0, http_client=http)

    def async_client(self) -> AsyncOpenAI:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))
        return AsyncOpenAI(api_key="k", base_url="https://host.example/v1", max_retries=0, http_client=http)

    def turn(self, **arguments: Any) -> Any:
        return self.client().beta.agents.sessions.stream("s", input="q", **arguments)


class Answer(pydantic.BaseModel):
    text: str


def test_a_function_is_called_once_for_each_call_and_the_agent_gets_what_it_gives() -> None:
    service = Service(turn("created"), call("c1"), call("c1"), call("c2", '{"query":"milk"}'), turn("completed"), IDLE)
    asked: List[Any] = []

    def find(arguments: Dict[str, Any]) -> Any:
        asked.append(arguments)
        return {"price": 3}

    with service.turn(tool_handlers={"find": find}, idempotency_key="mine") as stream:
        stream.until_done()
    assert asked == [{"query": "tea"}, {"query": "milk"}]
    assert [(event.get("call_id"), event.get("output")) for event in service.sent[1:]] == [("c1", '{"price":3}'), ("c2", '{"price":3}')]
    assert service.keys[0] == "mine" and len({*service.keys}) == 3


def test_a_result_that_comes_too_early_is_sent_again_with_its_key() -> None:
    service = Service(turn("created"), call("c1"), turn("completed"), IDLE)
    with service.turn(tool_handlers={"find": lambda arguments: "found"}) as stream:
        service.refused = ["Unknown pending tool call: c1"]
        stream.until_done()
    assert service.sent[1] == service.sent[2] and service.keys[1] == service.keys[2] != service.keys[0]


@pytest.mark.parametrize(
    ("arguments", "stage"), [("no json", "arguments"), (ARGUMENTS, "execution"), ({"query": "unwritable"}, "output")]
)
def test_the_program_is_told_why_a_function_failed_and_the_agent_only_that(arguments: Any, stage: str) -> None:
    service = Service(turn("created"), call("c1", arguments), turn("completed"), IDLE)
    failures: List[AgentToolError] = []

    def find(given: Dict[str, Any]) -> Any:
        if given["query"] == "tea":
            raise RuntimeError("the password is x")
        return {"value": object()}

    with service.turn(tool_handlers={"find": find}, on_tool_error=failures.append) as stream:
        stream.until_done()
    assert [(failure.stage, failure.tool_name, failure.call_id) for failure in failures] == [(stage, "find", "c1")]
    assert service.sent[1]["success"] is False and "password" not in json.dumps(service.sent)


def test_a_created_session_calls_functions_and_reads_its_result_as_a_type() -> None:
    @function_tool
    async def find(query: str) -> str:
        return f"{query} found"

    async def main() -> None:
        service = Service(turn("created"), call("c1"), message('{"text":"a"}', 0), turn("completed"), IDLE)
        stream = await service.async_client().beta.agents.sessions.create(
            agent={"model": "m"}, environment={"type": "none"}, input="q", stream=True, output_type=Answer, tool_handlers={"find": find}
        )
        async with stream:
            result = await stream.get_final_result()
        assert result.output_parsed == Answer(text="a")
        created, told = service.sent
        assert created["agent"]["text"]["format"]["schema"]["properties"].keys() == {"text"}
        assert not {"output_type", "tool_handlers"} & created.keys()
        assert told["output"] == "tea found"

    asyncio.run(main())


def test_functions_need_a_stream_and_a_type_excludes_a_format() -> None:
    sessions = Service().client().beta.agents.sessions
    with pytest.raises(ValueError, match="stream=True"):
        sessions.create(environment={"type": "none"}, tool_handlers={"find": lambda arguments: None})
    with pytest.raises(ValueError, match="not both"):
        sessions.create(environment={"type": "none"}, agent={"text": {"format": {"type": "text"}}}, output_type=Answer)


def test_text_that_does_not_fit_the_type_leaves_the_result() -> None:
    service = Service(turn("created"), message("no json", 0), turn("completed"), IDLE)
    with service.turn(output_type=Answer) as stream, pytest.raises(AgentOutputParseError) as caught:
        stream.get_final_result()
    assert caught.value.result.output_text == "no json"
    assert "no json" not in str(caught.value)


def test_an_error_among_the_events_of_a_session_is_an_event() -> None:
    error = {"type": "error", "session_id": "s", "error": {"type": "server_error", "code": "server_error", "message": "once"}}
    service = Service(turn("created"), error, message("a", 0), turn("completed"), IDLE)
    with service.client().beta.agents.sessions.events.stream("s") as events:
        assert [event.type for event in events][:2] == ["agent.session.turn.created", "error"]
    with service.turn() as stream:
        assert stream.get_final_result().output_text == "a"


def test_a_stream_that_ends_early_and_a_session_at_work_are_errors() -> None:
    with Service(turn("created"), message("a", 0)).turn() as stream, pytest.raises(RuntimeError):
        stream.until_done()
    with Service(turn("created"), message("a", 0)).turn() as stream, pytest.raises(AgentTurnResultError) as caught:
        stream.get_final_result()
    assert (caught.value.reason, caught.value.messages[0].output_text) == ("observation_failed", "a")
    with pytest.raises(ValueError, match="idle"):
        Service(status="in_progress").turn().__enter__()


def test_a_stream_is_entered_once_and_read_inside_of_its_block() -> None:
    manager = Service(turn("created"), turn("completed"), IDLE).turn()
    with pytest.raises(RuntimeError):
        next(manager)
    with manager as stream:
        stream.until_done()
    with pytest.raises(RuntimeError):
        manager.__enter__()


def uploads(fails_at: str) -> OpenAI:
    held = {"object": "file", "bytes": 1, "created_at": 1, "filename": "f", "purpose": "user_data", "status": "processed"}
    made = iter(range(1, 9))

    def answer(request: httpx.Request) -> httpx.Response:
        name = f"f{next(made)}" if request.url.path == "/v1/files" else "stage"
        if name == fails_at:
            return httpx.Response(500, json={"error": {"message": "no"}})
        return httpx.Response(200, json={"id": name, **held})

    return OpenAI(api_key="k", base_url="https://host.example/v1", max_retries=0, http_client=httpx.Client(transport=httpx.MockTransport(answer)))


def test_files_that_were_uploaded_before_another_failed_are_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    files = {f"/workspace/{name}": tmp_path / name for name in ("a", "b")}
    with pytest.raises(AgentFilePreparationError) as caught:
        uploads("f2").beta.agents.environments.files.prepare(files)
    assert caught.value.prepared.uploaded_file_ids == ["f1"] and isinstance(caught.value.__cause__, APIStatusError)
    with pytest.raises(AgentFileStagingError) as staging:
        uploads("stage").beta.agents.environments.files.upload("env", file=tmp_path / "a", path="/workspace/a")
    assert staging.value.uploaded_file_id == "f1"


def test_files_of_a_directory_do_not_lead_out_of_it(tmp_path: Path) -> None:
    files, inside = uploads("none").beta.agents.environments.files, tmp_path / "d"
    inside.mkdir()
    (inside / "a.csv").write_text("1")
    (tmp_path / "b.csv").write_text("2")
    prepared = files.prepare_directory(inside, destination="/workspace/in", include=["*.csv"])
    assert [dict(file)["path"] for file in prepared.files] == ["/workspace/in/a.csv"]
    (inside / "b.csv").symlink_to(tmp_path / "b.csv")
    with pytest.raises(ValueError, match="symlink"):
        files.prepare_directory(inside, destination="/workspace/in", include=["*.csv"])
    with pytest.raises(ValueError):
        files.prepare_directory(inside, destination="/workspace/in", include=["../*.csv"])

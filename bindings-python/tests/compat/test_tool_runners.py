"""Runners of tools: functions over responses, actions over decisions, what is recorded of them, and what stops them."""

from __future__ import annotations

import json
from typing import Any, Dict, List

import httpx
import pytest
from openai import pydantic_responses_function_tool
from openai.lib.decisions_tool_runner import AsyncDecisionsToolRunner, DecisionsToolRunner, DecisionsToolRunnerError
from openai.lib.responses_tool_runner import (
    AsyncRegisteredFunction, AsyncResponsesToolRunner, RegisteredFunction, ResponsesToolLedger, ResponsesToolRunner, ToolRunnerError,
)  # fmt: skip
from pydantic import BaseModel

from .test_client import asynchronous, make, make_async

ADD: Any = {
    "type": "function", "name": "add", "strict": True,
    "parameters": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a", "b"],
                   "additionalProperties": False},
}  # fmt: skip
PARAMS: Any = {"model": "m", "input": "What is 2 + 3?"}


def call(id_: str, arguments: str = '{"a": 2, "b": 3}', name: str = "add") -> Dict[str, Any]:
    return {"id": f"fc_{id_}", "type": "function_call", "call_id": id_, "name": name, "arguments": arguments, "status": "completed"}


def reply(*items: Dict[str, Any], id_: str = "r") -> Dict[str, Any]:
    return {"id": id_, "object": "response", "created_at": 1, "model": "m", "status": "completed", "output": list(items)}


def said(text: str) -> Dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"id": "msg_" + text, "type": "message", "role": "assistant", "status": "completed", "content": content}


def events(response: Dict[str, Any]) -> bytes:
    told: List[Dict[str, Any]] = [{"type": "response.created", "response": {**response, "status": "in_progress", "output": []}}]
    for index, item in enumerate(response["output"]):
        told.append({"type": "response.output_item.added", "output_index": index, "item": item})
        told.append({"type": "response.output_item.done", "output_index": index, "item": item})
    told.append({"type": "response.completed", "response": response})
    return "".join(f"data: {json.dumps({**event, 'sequence_number': n})}\n\n" for n, event in enumerate(told)).encode()


class Model:
    """Answers from a list, and keeps what it was asked."""

    def __init__(self, *replies: Any) -> None:
        self.replies = list(replies)
        self.asked: List[Dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(json.loads(request.content))
        answer = self.replies.pop(0)
        if isinstance(answer, int):
            return httpx.Response(answer, json={"error": {"message": "no"}})
        if self.asked[-1].get("stream"):
            return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=events(answer))
        return httpx.Response(200, json=answer)


def added(arguments: Dict[str, Any]) -> str:
    return str(arguments["a"] + arguments["b"])


def adding(function: Any = added, **options: Any) -> ResponsesToolRunner:
    return ResponsesToolRunner(functions=[RegisteredFunction(ADD, function, **options)])


def test_a_function_is_called_and_the_model_gets_its_output() -> None:
    model = Model(reply(call("one")), reply(said("5"), id_="last"))
    final = adding().run(make(model), PARAMS)
    assert (final.id, final.output_text) == ("last", "5")
    assert model.asked[0]["tools"] == [ADD] and model.asked[0]["include"] == ["reasoning.encrypted_content"]
    question, asked, output = model.asked[1]["input"]
    assert question == {"role": "user", "content": "What is 2 + 3?"} and asked == call("one")
    assert output == {"type": "function_call_output", "call_id": "one", "output": "5"}


@asynchronous
async def test_a_coroutine_function_is_awaited_also_while_the_reply_is_streamed() -> None:
    model = Model(reply(call("one"), call("two", '{"a": 1, "b": 1}')), reply(said("done"), id_="last"))

    async def function(arguments: Dict[str, Any]) -> str:
        return added(arguments)

    kinds: List[str] = []

    async def seen(event: Any) -> None:
        kinds.append(event.type)

    runner = AsyncResponsesToolRunner(functions=[AsyncRegisteredFunction(ADD, function, independent=True)])
    final = await runner.run(make_async(model), PARAMS, stream=True, eager=True, on_event=seen)
    assert final.id == "last" and kinds.count("response.completed") == 2
    assert [item["output"] for item in model.asked[1]["input"] if item.get("type") == "function_call_output"] == ["5", "2"]


def test_arguments_are_a_model_where_the_tool_has_one() -> None:
    class Pair(BaseModel):
        a: int
        b: int

    def function(pair: Pair) -> str:
        assert isinstance(pair, Pair)
        return str(pair.a * pair.b)

    model = Model(reply(call("one", name="Pair")), reply(said("6")))
    tool = pydantic_responses_function_tool(Pair)
    ResponsesToolRunner(functions=[RegisteredFunction.from_tool(tool, execute=function)]).run(make(model), PARAMS)
    assert model.asked[1]["input"][-1]["output"] == "6"


@pytest.mark.parametrize("second", [call("one"), call("two", "{"), call("two", name="other"), {**call("two"), "status": "in_progress"}])
def test_nothing_is_called_where_any_call_of_the_reply_cannot_be(second: Any) -> None:
    done: List[Any] = []
    with pytest.raises(ToolRunnerError) as error:
        adding(lambda arguments: done.append(arguments) or "").run(make(Model(reply(call("one"), second))), PARAMS)
    assert done == [] and error.value.attempted_call_ids == error.value.completed_call_ids == ()


def test_what_a_function_raises_stays_private_and_says_which_call_it_was() -> None:
    def function(_: Any) -> str:
        raise RuntimeError("a secret")

    with pytest.raises(ToolRunnerError) as error:
        adding(function).run(make(Model(reply(call("one")))), PARAMS)
    assert error.value.attempted_call_ids == ("one",) and error.value.completed_call_ids == ()
    assert "secret" not in str(error.value) and error.value.__cause__ is None


def test_calls_of_the_last_request_are_not_begun() -> None:
    done: List[Any] = []
    model = Model(reply(call("one")), reply(call("two")))
    with pytest.raises(ToolRunnerError, match="max_steps") as error:
        adding(lambda arguments: done.append(arguments) or "").run(make(model), PARAMS, max_steps=2)
    assert len(done) == 1 and error.value.attempted_call_ids == ("one",)


def test_turns_are_seen_before_they_are_carried_out() -> None:
    done: List[Any] = []
    model = Model(reply(call("one")), reply(said("5"), id_="last"))
    runner = adding(lambda arguments: done.append(arguments) or "5", allow_output_override=True)
    turns = runner.iterate(make(model), PARAMS)
    turn = next(turns)
    assert not turn.final and turn.step == 1 and turn.attempted_call_ids == () and done == []
    with pytest.raises(ValueError):
        turn.supply_outputs([{"type": "function_call_output", "call_id": "other", "output": "x"}])
    turn.supply_outputs([{"type": "function_call_output", "call_id": "one", "output": "by hand"}])
    turn.append_user_text("Go on.")
    last = next(turns)
    assert last.final and last.completed_call_ids == ("one",) and done == []
    assert [item.get("output", item.get("content")) for item in model.asked[1]["input"][2:]] == ["by hand", "Go on."]
    with pytest.raises(ValueError):
        turn.append_user_text("too late")
    turns.close()


def test_one_run_at_a_time_and_none_once_it_is_closed() -> None:
    runner = ResponsesToolRunner()
    turns = runner.iterate(make(Model(reply(said("hi")))), PARAMS)
    assert next(turns).final
    with pytest.raises(RuntimeError, match="busy"):
        runner.run(make(Model()), PARAMS)
    assert runner.close() == {"status": "draining"}
    turns.close()
    assert runner.close() == {"status": "closed"}
    with pytest.raises(RuntimeError, match="closed"):
        runner.run(make(Model()), PARAMS)


def test_a_recorded_run_goes_on_from_its_last_boundary() -> None:
    saved: List[Any] = []
    done: List[str] = []
    runner = adding(lambda arguments: done.append("once") or added(arguments))
    with pytest.raises(ToolRunnerError):
        runner.run(make(Model(reply(call("one")), 500)), PARAMS, ledger=ResponsesToolLedger("run", saved.append))
    assert [entry["phase"] for entry in saved] == ["boundary", "pending", "pending", "pending", "boundary", "boundary"]
    pending, boundary = saved[2], saved[4]
    assert pending["attempted_call_ids"] == ["one"] and pending["returned_call_ids"] == []
    with pytest.raises(ValueError, match="completed boundary"):
        runner.run(make(Model()), PARAMS, ledger=ResponsesToolLedger("run", saved.append, pending))
    model = Model(reply(said("5"), id_="last"))
    fresh: Any = {**PARAMS, "input": "Are you still there?"}
    final = runner.run(make(model), fresh, ledger=ResponsesToolLedger("run", saved.append, boundary))
    assert final.id == "last" and done == ["once"] and saved[-1]["phase"] == "final"
    assert [item.get("type") for item in model.asked[0]["input"]] == [None, "function_call", "function_call_output", None]


def test_results_that_exceed_the_budget_are_left_out_as_the_program_says() -> None:
    asked: List[Any] = []

    def compact(snapshot: Any) -> Any:
        asked.append(snapshot["eligible_call_ids"])
        return {"drop_call_ids": snapshot["eligible_call_ids"], "summary": "A long text."}

    model = Model(reply(call("one")), reply(said("done")))
    budget: Any = {"max_input_bytes": 600, "max_input_images": 0, "compact": compact}
    adding(lambda _: "x" * 2000).run(make(model), PARAMS, context_budget=budget)
    assert asked == [["one"]]
    texts = [item["content"] for item in model.asked[1]["input"]]
    assert "A long text." in texts[0] and '"call_id":"one"' in texts[1] and texts[2] == PARAMS["input"]


def test_remote_tools_are_called_only_with_approval() -> None:
    wanted = {"type": "mcp_approval_request", "id": "ask", "server_label": "desk", "name": "read", "arguments": "{}"}
    params: Any = {**PARAMS, "tools": [{"type": "mcp", "server_label": "desk", "server_url": "https://desk.invalid"}]}
    model = Model(reply(wanted), reply(said("done")))
    ResponsesToolRunner().run(make(model), params, approve_mcp=lambda item: item.name == "read")
    answer = model.asked[1]["input"][-1]
    assert answer == {"type": "mcp_approval_response", "approval_request_id": "ask", "approve": True}
    with pytest.raises(ToolRunnerError):
        ResponsesToolRunner().run(make(Model(reply(wanted))), params)


def decision(choice: Any) -> Dict[str, Any]:
    usage = {
        "input_tokens": 1, "output_tokens": 1, "total_tokens": 2, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }  # fmt: skip
    answer = {"type": "choice", "name": "next_action", "choice": choice, "confidence": 1, "probabilities": []}
    return {"model": "m", "usage": usage, "answers": [answer]}


def test_decisions_are_acted_on_until_the_model_is_done() -> None:
    light: List[str] = []
    model = Model(decision("on"), decision("done"))
    runner = DecisionsToolRunner(
        observe=lambda: f"lights: {light}",
        candidates=lambda _: [
            {"id": "on", "description": "Switch it on", "execute": lambda: light.append("on")},
            {"id": "done", "description": "It is as it should be", "done": True},
        ],
        verify=lambda _: light == ["on"],
    )
    result = runner.run(make(model), {"model": "m", "input": "Light, please."})
    assert result["status"] == "verified" and result["completed_candidate_ids"] == ["on"]
    assert [choice["value"] for choice in model.asked[0]["questions"][0]["choices"]] == ["on", "done"]
    assert model.asked[1]["input"][1]["content"] == "lights: ['on']"


@asynchronous
async def test_a_choice_that_was_not_offered_stops_the_run() -> None:
    async def observe() -> str:
        return "dark"

    async def candidates(_: Any) -> List[Any]:
        return [{"id": "on", "description": "Switch it on", "execute": observe}, {"id": "done", "description": "Done", "done": True}]

    runner = AsyncDecisionsToolRunner(observe=observe, candidates=candidates)
    with pytest.raises(DecisionsToolRunnerError) as error:
        await runner.run(make_async(Model(decision("explode"))), {"model": "m", "input": "Light, please."})
    assert error.value.reason == "invalid_answer" and error.value.attempted_candidate_ids == ()

"""What programs add to clients, runs, calls and proxies of their own, and what is shown of them."""

from __future__ import annotations

import inspect
from datetime import datetime, timezone
from typing import Any, Dict, List

import httpx
import pytest
from typing_extensions import override

import openai
from openai._utils._proxy import LazyProxy
from openai.lib.computer import ComputerToolset
from openai.types.responses import ResponseComputerToolCall

from .test_client import BASE, asynchronous

MODELS = {"object": "list", "data": []}


class Numbered(openai.OpenAI):
    """A client whose requests are numbered."""

    count = 0

    @property
    @override
    def default_headers(self) -> Dict[str, Any]:
        self.count += 1
        return {**super().default_headers, "X-Number": str(self.count)}


def test_a_subclass_says_which_headers_every_request_carries() -> None:
    seen: List[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=MODELS)

    client = Numbered(api_key="k", base_url=BASE, http_client=httpx.Client(transport=httpx.MockTransport(answer)))
    client.models.list()
    client.models.list(extra_headers={"x-number": "own"})
    assert [request.headers["x-number"] for request in seen] == ["1", "own"]
    assert all(request.headers["authorization"] == "Bearer k" for request in seen)


def test_headers_of_a_client_can_be_changed() -> None:
    seen: List[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=MODELS)

    client = openai.OpenAI(api_key="k", base_url=BASE, http_client=httpx.Client(transport=httpx.MockTransport(answer)))
    client.models.list()
    client._custom_headers = {"X-Mine": "yes"}
    client.models.list()
    assert "x-mine" not in seen[0].headers and seen[1].headers["x-mine"] == "yes"


@pytest.mark.parametrize("kind", [openai.OpenAI, openai.AsyncOpenAI])
def test_runs_show_the_arguments_that_they_take(kind: Any) -> None:
    threads = kind(api_key="k", base_url=BASE).beta.threads
    for method, other in (
        (threads.create_and_run_poll, threads.create_and_run),
        (threads.create_and_run_stream, threads.create_and_run),
        (threads.runs.create_and_poll, threads.runs.create),
        (threads.runs.stream, threads.runs.create),
    ):
        shown, wanted = inspect.signature(method).parameters, inspect.signature(other).parameters
        assert "self" not in shown and {name for name in wanted if name != "stream"} <= set(shown)
        assert not any(one.kind is one.VAR_KEYWORD for one in shown.values())


def test_what_a_program_puts_beside_an_action_is_shown_as_it_is() -> None:
    class Driver:
        def screenshot(self) -> Any:
            return {"type": "computer_screenshot", "image_url": "data:image/png;base64,AA=="}

    for name in ("click", "double_click", "drag", "keypress", "move", "scroll", "type", "wait"):
        setattr(Driver, name, lambda self, *_args, **_options: None)
    at = datetime(2026, 1, 2, tzinfo=timezone.utc)
    call = ResponseComputerToolCall.construct(
        id="cu", call_id="call", type="computer_call", status="completed", pending_safety_checks=[], actions=[{"type": "wait"}]
    )
    assert call.actions is not None
    setattr(call.actions[0], "audit", {"at": at})
    seen: List[Any] = []

    def approve(action: Any) -> bool:
        if action.type == "wait":
            seen.append(action.audit)
        return True

    driver: Any = Driver()
    ComputerToolset(driver).execute(call, before_action=approve)
    assert seen == [{"at": at}]


def test_a_proxy_of_itself_has_a_name() -> None:
    class Own(LazyProxy[Any]):
        @override
        def __load__(self) -> Any:
            return self

    assert repr(Own()) == str(Own()) == "Own" and dir(Own()) == []


@asynchronous
async def test_a_socket_that_is_no_longer_wanted_is_closed_though_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    from websockets.exceptions import ConnectionClosedError

    begun, go_on, closing, may_close, closed = (asyncio.Event() for _ in range(5))

    class Socket:
        def __init__(self, is_first: bool) -> None:
            self.is_first = is_first

        async def recv(self, **_: Any) -> Any:
            raise ConnectionClosedError(None, None)

        async def send(self, _data: Any, **_: Any) -> None:
            """Nothing is sent."""

        async def close(self, **_: Any) -> None:
            if not self.is_first:
                closing.set()
                await may_close.wait()
                closed.set()

    opened: List[Socket] = []

    async def connect(*_args: Any, **_options: Any) -> Socket:
        opened.append(Socket(not opened))
        if len(opened) > 1:
            begun.set()
            await go_on.wait()
        return opened[-1]

    monkeypatch.setattr("openai.lib._websocket._WebSocketConnect", connect)

    async with openai.AsyncOpenAI(api_key="k") as client:
        manager: Any = client.realtime.connect(model="m", on_reconnecting=lambda _event: None, initial_delay=0, max_delay=0)
        async with manager as connection:
            receiving = asyncio.create_task(connection.__aiter__().__anext__())
            await asyncio.wait_for(begun.wait(), 10)
            await connection.close()
            go_on.set()
            await asyncio.wait_for(closing.wait(), 10)
            receiving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await receiving
            may_close.set()
            await asyncio.wait_for(closed.wait(), 10)

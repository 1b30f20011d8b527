"""Functions of the program run in the context of the call that needs them, and what they raise comes out of it."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from typing import Any, Callable, List

import pytest
import threadline
from conftest import Mock

TENANT: "contextvars.ContextVar[str]" = contextvars.ContextVar("tenant", default="nobody")
TENANTS = [f"tenant-{number}" for number in range(8)]
LAST = {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "x"}}]}


def keys_by_header(mock: Mock) -> "dict[str, str]":
    headers = [dict(request["headers"]) for request in mock.requests()]
    return {found["x-tenant"]: found["authorization"] for found in headers}


def test_a_key_function_sees_the_context_of_its_own_call(mock: Mock) -> None:
    async def key() -> str:
        before = TENANT.get()
        await asyncio.sleep(0.01)
        assert TENANT.get() == before
        return before

    async def main() -> None:
        async with mock.async_client(api_key=key) as client:

            async def call(tenant: str) -> None:
                TENANT.set(tenant)
                for _ in range(3):
                    await client.models.list(extra_headers={"x-tenant": tenant})

            await asyncio.gather(*map(call, TENANTS))

    asyncio.run(main())
    assert keys_by_header(mock) == {tenant: f"Bearer {tenant}" for tenant in TENANTS}


def test_a_key_function_of_threads_sees_the_context_of_its_own_call(mock: Mock) -> None:
    with mock.client(api_key=lambda: TENANT.get()) as client:

        def call(tenant: str) -> None:
            TENANT.set(tenant)
            for _ in range(3):
                client.models.list(extra_headers={"x-tenant": tenant})

        threads = [threading.Thread(target=call, args=(tenant,)) for tenant in TENANTS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert keys_by_header(mock) == {tenant: f"Bearer {tenant}" for tenant in TENANTS}


def test_a_key_function_may_make_calls_of_its_own(mock: Mock) -> None:
    with mock.client(api_key="inner") as inner:

        def key() -> str:
            return "outer" if inner.models.list().data is not None else ""

        with mock.client(api_key=key) as client:
            client.models.list()
            assert list(client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}], stream=True))
    sent = [dict(request["headers"])["authorization"] for request in mock.requests()]
    assert sent == ["Bearer inner", "Bearer outer"] * 2


def test_a_key_function_that_waits_works_beside_a_running_loop(mock: Mock) -> None:
    async def key() -> str:
        await asyncio.sleep(0)
        return TENANT.get()

    async def main() -> None:
        TENANT.set("mine")
        with mock.client(api_key=key) as client:
            client.models.list(extra_headers={"x-tenant": "mine"})

    asyncio.run(main())
    assert keys_by_header(mock) == {"mine": "Bearer mine"}


def test_a_transport_of_the_program_runs_on_the_thread_of_the_call(mock: Mock) -> None:
    httpx = pytest.importorskip("httpx")
    seen: List[Any] = []
    inner = mock.client()

    def answer(request: Any) -> Any:
        seen.append((threading.current_thread(), TENANT.get()))
        assert inner.models.list().data is not None
        return httpx.Response(200, json={"object": "list", "data": []})

    def call() -> None:
        TENANT.set("mine")
        with mock.client(http_client=httpx.Client(transport=httpx.MockTransport(answer))) as client:
            client.models.list()

    contextvars.copy_context().run(call)
    assert seen == [(threading.current_thread(), "mine")]


def asks_for(*names: str) -> "dict[str, Any]":
    calls = [{"id": name, "type": "function", "function": {"name": name, "arguments": "{}"}} for name in names]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    return {"json": {"choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}]}}


def run(client: Any, *functions: Callable[[], Any]) -> Any:
    tools = [threadline.tool(function) for function in functions]
    return client.chat.completions.run_tools(model="m", messages=[{"role": "user", "content": "x"}], tools=tools)


def test_tools_that_run_at_the_same_time_see_the_context_of_their_run(mock: Mock) -> None:
    mock.script(asks_for("one", "other"), {"json": LAST})
    together = threading.Barrier(2, timeout=20)
    seen: List[str] = []

    def one() -> str:
        together.wait()
        seen.append(TENANT.get())
        return "done"

    def other() -> str:
        return one()

    def call() -> None:
        TENANT.set("mine")
        with mock.client() as client:
            run(client, one, other)

    contextvars.copy_context().run(call)
    assert seen == ["mine", "mine"]


class Trouble(Exception):
    pass


@pytest.mark.parametrize("error", [Trouble("the vault is sealed"), KeyboardInterrupt(), SystemExit(3)])
def test_what_a_key_function_raises_comes_out_of_the_call(mock: Mock, error: BaseException) -> None:
    def key() -> str:
        raise error

    with mock.client(api_key=key) as client, pytest.raises(type(error)) as caught:
        client.models.list()
    assert caught.value is error
    assert mock.requests() == []


def test_what_a_key_function_of_asyncio_raises_comes_out_of_the_call(mock: Mock) -> None:
    error = Trouble("the vault is sealed")

    async def key() -> str:
        raise error

    async def main() -> None:
        async with mock.async_client(api_key=key) as client:
            await client.models.list()

    with pytest.raises(Trouble) as caught:
        asyncio.run(main())
    assert caught.value is error


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_a_tool_that_stops_the_program_ends_the_run(mock: Mock, error: Any) -> None:
    mock.script(asks_for("stop"), {"json": LAST})

    def stop() -> None:
        if error is SystemExit:
            sys.exit(4)
        raise error

    with mock.client() as client, pytest.raises(error):
        run(client, stop)
    assert len(mock.requests()) == 1


def test_who_gives_up_waiting_for_a_key_takes_nobody_with_it(mock: Mock) -> None:
    async def main() -> None:
        gate = asyncio.Event()

        async def key() -> str:
            await gate.wait()
            return "late"

        async with mock.async_client(api_key=key) as client:
            leaving = asyncio.ensure_future(client.models.list())
            staying = asyncio.ensure_future(client.models.list())
            await asyncio.sleep(0.05)
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving
            gate.set()
            await staying

    asyncio.run(main())

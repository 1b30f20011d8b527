"""Functions that give keys: whose context they run in, and what becomes of what they raise."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Iterator, List, Tuple

import openai
import pytest

TENANT: "contextvars.ContextVar[str]" = contextvars.ContextVar("tenant", default="nobody")
Seen = List[Tuple[str, str]]


@pytest.fixture
def server() -> Iterator[Tuple[str, Seen]]:
    seen: Seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.headers["x-tenant"], self.headers["authorization"]))
            body = b'{"object":"list","data":[]}'
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}/v1", seen
        httpd.shutdown()


def test_a_key_is_of_the_task_that_makes_the_call(server: Tuple[str, Seen]) -> None:
    url, seen = server
    tenants = [f"tenant-{number}" for number in range(5)]

    async def key() -> str:
        await asyncio.sleep(0.01)
        return TENANT.get()

    async def main() -> None:
        async with openai.AsyncOpenAI(api_key=key, base_url=url) as client:

            async def call(tenant: str) -> None:
                TENANT.set(tenant)
                await client.models.list(extra_headers={"x-tenant": tenant})

            await asyncio.gather(*map(call, tenants))

    asyncio.run(main())
    assert sorted(seen) == [(tenant, f"Bearer {tenant}") for tenant in tenants]


@pytest.mark.parametrize("error", [LookupError("sealed"), KeyboardInterrupt()])
def test_what_a_key_function_raises_is_what_the_call_raises(server: Tuple[str, Seen], error: BaseException) -> None:
    url, seen = server

    def key() -> str:
        raise error

    with openai.OpenAI(api_key=key, base_url=url) as client, pytest.raises(type(error)) as caught:
        client.models.list()
    assert caught.value is error and seen == []


def test_what_an_entra_function_raises_is_what_the_call_raises() -> None:
    error = LookupError("sealed")

    def token() -> str:
        raise error

    client = openai.AzureOpenAI(azure_ad_token_provider=token, azure_endpoint="http://127.0.0.1:1", api_version="2024-10-21")
    with client, pytest.raises(LookupError) as caught:
        client.models.list()
    assert caught.value is error

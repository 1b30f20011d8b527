"""Many calls and many streams that are left early: memory, sockets, tasks and threads stay as they were.

`soak.py [--calls N] [--streams N]`; `cargo xtask soak python` runs it at full length, pytest a short version in every run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import subprocess
import sys
import threading
import time
from typing import Any, Dict, Iterator

import threadline

MODEL = json.dumps({"id": "m", "object": "model", "created": 1, "owned_by": "me"}).encode()
CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "delta": {"content": "a" * 50}}]}
PIECE = f"data: {json.dumps(CHUNK)}\n\n".encode() * 8
MESSAGES: Any = [{"role": "user", "content": "hi"}]
MIB = 1 << 20
#: Calls at the same time.
WIDTH = 32


class Server(asyncio.Protocol):
    """Answers models at once and streams without end; knows how many connections are open."""

    streaming = 0

    def connection_made(self, transport: Any) -> None:
        self.transport, self.rest, self.task = transport, b"", None

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while b"\r\n\r\n" in self.rest:
            head, _, body = self.rest.partition(b"\r\n\r\n")
            length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
            if len(body) < length:
                return
            self.rest = body[length:]
            self.answer(head.split(b" ", 2)[1])

    def answer(self, path: bytes) -> None:
        if path.endswith(b"/chat/completions"):
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            Server.streaming += 1
            self.task = asyncio.get_running_loop().create_task(self.stream())
            return
        text = json.dumps({"streaming": Server.streaming}).encode() if path.endswith(b"/stats") else MODEL
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(text)}\r\n\r\n"
        self.transport.write(head.encode() + text)

    async def stream(self) -> None:
        while True:
            self.transport.write(b"%x\r\n%s\r\n" % (len(PIECE), PIECE))
            await asyncio.sleep(0.02)

    def connection_lost(self, error: Any) -> None:
        if self.task is not None:
            self.task.cancel()
            Server.streaming -= 1


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


@contextlib.contextmanager
def server() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdin is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def resident() -> int:
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def state() -> Dict[str, int]:
    return {"memory": resident(), "files": len(os.listdir("/proc/self/fd")), "threads": threading.active_count()}


def settled(client: Any) -> int:
    """How many streams the server still serves, once those that are being closed are gone."""
    end = time.monotonic() + 20
    while True:
        left = json.loads(client.models.with_raw_response.retrieve("stats").text)["streaming"]
        if left == 0 or time.monotonic() > end:
            return int(left)


def report(name: str, before: Dict[str, int], after: Dict[str, int], limit: int) -> None:
    grown = (after["memory"] - before["memory"]) / MIB
    print(f"{name}: memory {before['memory'] / MIB:.1f} -> {after['memory'] / MIB:.1f} MiB, files {before['files']} -> {after['files']}, "
          f"threads {before['threads']} -> {after['threads']}", flush=True)  # fmt: skip
    assert grown * MIB < limit, f"{name}: memory has grown by {grown:.1f} MiB"
    # Idle connections are kept: one for each of the calls that were made at the same time.
    assert after["files"] <= before["files"] + WIDTH + 8, f"{name}: files are left open"
    assert after["threads"] <= before["threads"], f"{name}: threads are left"


def calls(client: threadline.OpenAI, count: int) -> None:
    retrieve = client.models.retrieve
    for _ in range(min(count, 2_000)):
        retrieve("m")
    before = state()
    for _ in range(count):
        retrieve("m")
    report(f"{count} calls", before, state(), 8 * MIB)


async def async_calls(client: threadline.AsyncOpenAI, count: int) -> None:
    async def some(share: int) -> None:
        for _ in range(share):
            await client.models.retrieve("m")

    await asyncio.gather(*(some(min(count, 2_000) // WIDTH + 1) for _ in range(WIDTH)))
    before = state()
    await asyncio.gather(*(some(count // WIDTH + 1) for _ in range(WIDTH)))
    report(f"{count} calls of asyncio", before, state(), 8 * MIB)
    assert asyncio.all_tasks() == {asyncio.current_task()}


def streams(client: threadline.OpenAI, count: int) -> None:
    def left(number: int) -> None:
        stream = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        next(stream)
        if number % 3 == 0:
            stream.close()
        elif number % 3 == 1:
            with stream:
                next(stream)

    for number in range(min(count, 200)):
        left(number)
    assert settled(client) == 0
    before = state()
    for number in range(count):
        left(number)
    assert settled(client) == 0, "sockets of streams are left"
    report(f"{count} streams left early", before, state(), 8 * MIB)


async def cancelled_streams(client: threadline.AsyncOpenAI, count: int) -> None:
    async def read(stream_open: Any) -> None:
        async with await client.chat.completions.create(model="m", messages=MESSAGES, stream=True) as stream:
            async for _ in stream:
                stream_open.set()

    async def left() -> None:
        stream_open = asyncio.Event()
        task = asyncio.ensure_future(read(stream_open))
        await stream_open.wait()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass

    async def some(share: int) -> None:
        for _ in range(share):
            await left()

    await asyncio.gather(*(some(min(count, 200) // 8 + 1) for _ in range(8)))
    before = state()
    await asyncio.gather(*(some(count // 8 + 1) for _ in range(8)))
    for _ in range(1_000):
        if json.loads((await client.models.with_raw_response.retrieve("stats")).text)["streaming"] == 0:
            break
    else:
        raise AssertionError("sockets of streams are left")
    report(f"{count} cancelled streams", before, state(), 8 * MIB)
    assert asyncio.all_tasks() == {asyncio.current_task()}


def run(count: int, streamed: int) -> None:
    with server() as base_url:
        options: Dict[str, Any] = {"api_key": "k", "base_url": base_url, "network": {"system_proxy": False}}
        client, asynchronous = threadline.OpenAI(**options), threadline.AsyncOpenAI(**options)
        calls(client, count)
        asyncio.run(async_calls(asynchronous, count))
        streams(client, streamed)
        asyncio.run(cancelled_streams(asynchronous, streamed))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--streams", type=int, default=10_000)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve())
    else:
        run(given.calls, given.streams)

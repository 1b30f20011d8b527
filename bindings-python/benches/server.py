"""The other end of the benchmark: canned replies over HTTP/1.1, from a process of its own."""

from __future__ import annotations

import asyncio
import base64
import json
import struct

MESSAGE = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "service_tier": "default", "system_fingerprint": "fp",
    "choices": [{"index": 0, "finish_reason": "tool_calls", "logprobs": None, "message": {"role": "assistant", "content": "x" * 400, "refusal": None,
        "tool_calls": [{"id": f"call_{n}", "type": "function", "function": {"name": "look", "arguments": "{\"a\": 1}"}} for n in range(2)]}}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30, "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0}},
}  # fmt: skip
CHUNKS = 500
VECTORS, LENGTH = 16, 1536


def chunk(number: int, end: bool) -> bytes:
    delta = {} if end else {"content": f"word{number} "}
    data = {
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "service_tier": "default", "system_fingerprint": "fp",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": "stop" if end else None}],
    }  # fmt: skip
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def embeddings(packed: bool) -> bytes:
    numbers = [0.001 * n for n in range(LENGTH)]
    vector = base64.b64encode(struct.pack(f"<{LENGTH}f", *numbers)).decode() if packed else numbers
    data = [{"object": "embedding", "index": n, "embedding": vector} for n in range(VECTORS)]
    return json.dumps({"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}}).encode()


def reply(body: bytes, kind: str = "application/json") -> bytes:
    return f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\nx-request-id: req_1\r\n\r\n".encode() + body


STREAM = b"".join(chunk(n, n == CHUNKS - 1) for n in range(CHUNKS)) + b"data: [DONE]\n\n"
REPLIES = {
    "chat": reply(json.dumps(MESSAGE).encode()),
    "stream": reply(STREAM, "text/event-stream"),
    "packed": reply(embeddings(True)),
    "numbers": reply(embeddings(False)),
}


class Connection(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.data = transport, b""

    def data_received(self, data: bytes) -> None:
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            head = self.data[:end].lower()
            length = 0
            for line in head.split(b"\r\n")[1:]:
                if line.startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            if len(self.data) < end + 4 + length:
                return
            body, self.data = self.data[end + 4 : end + 4 + length], self.data[end + 4 + length :]
            if b"/embeddings" in head.split(b"\r\n")[0]:
                name = "packed" if b"base64" in body else "numbers"
            else:
                name = "stream" if b'"stream":true' in body.replace(b" ", b"") else "chat"
            self.transport.write(REPLIES[name])


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

"""A WebSocket server for tests, made with the package `websockets`, which shares no code with the client under test.

What it does with a connection is said by the query parameter `model`. It prints its two ports (plain, TLS) as one line of
JSON, and ends with its standard input.
"""

import asyncio
import json
import os
import ssl
import sys
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode
from websockets.http11 import Response

# How connections of a name ended, what they had said and how many there were, for a later connection to ask.
ended = {}
said = {}
opened = {}


class Counting(ServerConnection):
    """A connection that says how often it was pinged."""

    pings = 0

    def process_event(self, event):
        if self.request is not None and event.opcode is Opcode.PING:
            self.pings += 1
        super().process_event(event)


def event(kind, **members):
    return json.dumps({"type": kind, **members})


def model_of(ws):
    query = parse_qs(urlsplit(ws.request.path).query)
    return query.get("model", [""])[0]


async def refuse(ws, request):
    """Answers a handshake with another status, or never."""
    model = parse_qs(urlsplit(request.path).query).get("model", [""])[0]
    name, _, argument = model.partition(":")
    if name == "refuse":
        body = event("error", error={"message": f"no: {argument}", "type": "t", "code": "c", "param": None}).encode()
        headers = Headers(
            [
                ("content-type", "application/json"),
                ("content-length", str(len(body))),
                ("x-request-id", "req_py"),
                ("retry-after", "7"),
            ]
        )
        return Response(int(argument), "Refused", headers, body)
    if name == "redirect":
        headers = Headers([("location", argument), ("content-length", "0")])
        return Response(307, "Temporary Redirect", headers, b"")
    if name == "stall":
        await asyncio.Event().wait()
    if name == "restarting" and opened.setdefault(argument, 0) in (1, 2):
        opened[argument] += 1
        return Response(503, "Restarting", Headers([("content-length", "0")]), b"")
    return None


async def echo(ws, argument):
    async for message in ws:
        await ws.send(message)


async def seen(ws, argument):
    request = ws.request
    await ws.send(event("seen", path=request.path, headers=dict(request.headers.raw_items())))
    await echo(ws, argument)


async def conversation(ws, argument):
    await ws.send(event("session.created", event_id="e0", session={"type": "realtime", "model": "m"}))
    async for message in ws:
        asked = json.loads(message)
        if asked["type"] == "session.update":
            await ws.send(event("session.updated", event_id="e1", session=asked["session"]))
        elif asked["type"] == "response.create":
            for piece in ["Good ", "morning"]:
                await ws.send(event("response.output_text.delta", event_id="e2", delta=piece))
            await ws.send(event("response.done", event_id="e3", response={"id": "r"}))


async def close(ws, argument):
    code, _, reason = argument.partition(":")
    await ws.send(event("session.created", event_id="e0", session={}))
    await ws.close(int(code), reason)


async def drop(ws, argument):
    await ws.send(event("session.created", event_id="e0", session={}))
    if argument == "reset":
        ws.transport.abort()
    else:
        ws.transport.close()


async def big(ws, argument):
    await ws.send('{"type":"big","data":"' + "a" * int(argument) + '"}')
    await echo(ws, argument)


async def fragments(ws, argument):
    text = event("fragmented", text="日本語 naïve")
    await ws.send(list(text))
    await ws.send([text.encode()[at : at + 7] for at in range(0, len(text.encode()), 7)])
    await echo(ws, argument)


async def pinging(ws, argument):
    for number in range(int(argument)):
        await (await ws.ping(str(number)))
    await ws.send(event("ponged", times=int(argument)))
    await echo(ws, argument)


async def pinged(ws, argument):
    while ws.pings < int(argument):
        await asyncio.sleep(0.01)
    await ws.send(event("pinged", times=ws.pings))
    await echo(ws, argument)


async def expired(ws, argument):
    """The end of a session's time: an error event, then the close."""
    await ws.send(event("session.created", event_id="e0", session={}))
    error = {"type": "invalid_request_error", "code": "session_expired", "message": "60 minutes are over"}
    await ws.send(event("error", event_id="e1", error=error))
    await ws.close(1001, "session expired")


async def storm(ws, argument):
    """A server that takes every connection and drops it."""
    opened[argument] = opened.get(argument, 0) + 1
    ws.transport.abort()


async def count(ws, argument):
    await ws.send(event("count", opened=opened.get(argument, 0)))


async def restarting(ws, argument):
    """The first connection breaks, the next two handshakes are refused, then all is well."""
    opened[argument] += 1
    await ws.send(event("session.created", event_id="e0", session={}))
    if opened[argument] == 1:
        ws.transport.abort()
    else:
        await echo(ws, argument)


async def dying(ws, argument):
    """The first connection becomes half-open, the next ones are well."""
    opened[argument] = opened.get(argument, 0) + 1
    if opened[argument] == 1:
        await deaf(ws, argument)
    else:
        await conversation(ws, argument)


async def deaf(ws, argument):
    """Half-open: the connection stands, and nothing that the client says is heard."""
    await ws.send(event("session.created", event_id="e0", session={}))
    ws.transport.pause_reading()
    await asyncio.Event().wait()


async def raw(ws, argument):
    """Bytes that no library would send."""
    await ws.send(event("session.created", event_id="e0", session={}))
    ws.transport.write(bytes.fromhex(argument))
    await echo(ws, argument)


async def malformed(ws, argument):
    await ws.send('{"type":"session.created"')
    await ws.send(b"\xff\x00")
    await ws.send(event("session.created", event_id="e0", session={}))
    await echo(ws, argument)


async def flood(ws, argument):
    """More than any buffer holds, for a reader that is slow to begin."""
    for number in range(int(argument)):
        await ws.send(event("piece", number=number, data="x" * 65536))
    await ws.send(event("end"))
    await echo(ws, argument)


async def flaky(ws, argument):
    """The first connection of a name breaks after two messages; the next ones say what was said to them."""
    name, _, _ = argument.partition(":")
    first = name not in said
    said.setdefault(name, [])
    async for message in ws:
        said[name].append(json.loads(message))
        if first and len(said[name]) == 2:
            ws.transport.abort()
            return
        await ws.send(event("heard", messages=said[name]))


async def last_close(ws, argument):
    await ws.send(event("last", close=ended.get(argument)))


def response(number, status):
    return {"id": f"resp_{number}", "object": "response", "status": status, "model": "m", "output": []}


async def responses(ws):
    number = 0
    async for message in ws:
        asked = json.loads(message)
        if asked["type"] != "response.create":
            continue
        number += 1
        if asked.get("previous_response_id") not in (None, f"resp_{number - 1}"):
            error = {"type": "invalid_request_error", "code": "previous_response_not_found", "message": "gone"}
            await ws.send(event("error", status=400, error=error))
            continue
        await ws.send(event("response.created", sequence_number=0, response=response(number, "in_progress")))
        text = f"{asked['input']} {number}"
        await ws.send(event("response.output_text.delta", sequence_number=1, delta=text))
        if asked["input"] == "break":
            ws.transport.abort()
            return
        await ws.send(event("response.completed", sequence_number=2, response=response(number, "completed")))


async def handle(ws):
    name, _, argument = model_of(ws).partition(":")
    try:
        if urlsplit(ws.request.path).path.endswith("/responses"):
            await responses(ws)
        else:
            await globals()[name.replace("-", "_")](ws, argument)
    except ConnectionClosed:
        pass
    finally:
        ended[argument] = [ws.close_code, ws.close_reason]


async def main(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    options = dict(process_request=refuse, create_connection=Counting, max_size=None, ping_interval=None)
    async with serve(handle, "127.0.0.1", 0, **options) as plain:
        async with serve(handle, "127.0.0.1", 0, ssl=context, **options) as secure:
            ports = [server.sockets[0].getsockname()[1] for server in (plain, secure)]
            print(json.dumps({"plain": ports[0], "tls": ports[1]}), flush=True)
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
            # Leaving the blocks would wait for every handler, and some never end: that is what they are for.
            os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

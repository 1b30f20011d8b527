"""Puts replies that the service has really given through a driver of the call protocol.

    python replay.py ARCHIVES DESCRIPTION DRIVER [ARGUMENTS…]

ARCHIVES is a folder of source archives, DESCRIPTION the published API description as YAML. Ends with 1 if anything was lost.
"""

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from compare import differences
from sources import documented, recorded

ROOT = Path(__file__).resolve().parents[2]
# Operations whose reply the official packages throw away, and so do ours.
WITHOUT_RESULT = {"responses.delete", "beta.responses.delete", "containers.delete", "containers.files.delete"}
# Events with which a stream of a response ends; they hold the whole of it.
LAST = ("response.completed", "response.incomplete")


class Server(BaseHTTPRequestHandler):
    """Gives whoever asks the reply of the moment."""

    protocol_version = "HTTP/1.1"
    # Head and body are two writes, of which the second must not wait.
    disable_nagle_algorithm = True
    reply = ("", b"")

    def answer(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        content_type, body = Server.reply
        self.send_response(200)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *arguments):
        pass


class Driver:
    """A process that makes calls."""

    def __init__(self, command, origin):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.client = {"base_url": origin, "api_key": "k", "admin_api_key": "a", "max_retries": 0, "timeout_s": 30}

    def call(self, reply, **line):
        Server.reply = (reply.content_type, reply.body)
        self.process.stdin.write(json.dumps({"id": 1, "client": self.client, **line}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


class Routes:
    """Which operation a request was for, and a smallest call of it."""

    def __init__(self):
        self.operations = []
        for line in (ROOT / "docs/endpoints.md").read_text().splitlines():
            if row := re.match(r"\| `([\w.]+)` \| `(\w+) (\S+)`", line):
                self.operations.append((row[2], re.compile(re.sub(r"\{\w+\}", "[^/]+", row[3])), row[1]))
        self.calls = {}
        for file in (ROOT / "tests/conformance/cases/generated").glob("*.json"):
            for case in json.loads(file.read_text())["cases"]:
                self.calls.setdefault(case["name"].split("/")[0], case["call"])

    def find(self, verb, path):
        fit = [name for method, route, name in self.operations if method == verb and route.fullmatch(path)]
        # Routes that two operations share: the one that is no preview.
        return min(fit, key=lambda name: name.startswith("beta."), default=None)

    def call(self, name):
        call = self.calls[name]
        return {"resource": call["resource"], "method": call["method"], "args": dict(call["args"])}


class Replay:
    """All of one source, and what came of it."""

    def __init__(self, driver, routes):
        self.driver, self.routes = driver, routes
        self.replies = self.streams = self.events = self.snapshots = 0
        self.operations, self.wrong = set(), []

    def take(self, reply):
        name = self.routes.find(reply.verb, reply.path)
        if name is None or name in WITHOUT_RESULT or reply.content_type == "application/octet-stream":
            return
        call = self.routes.call(name)
        if reply.content_type == "text/event-stream":
            lines = self.stream(reply, name, call)
        else:
            lines = self.value(reply, call)
        self.replies += 1
        self.operations.add(name)
        self.wrong += [f"{name} ({reply.source}): {line}" for line in lines[:5]]

    def value(self, reply, call):
        sent = json.loads(reply.body)
        came = self.driver.call(reply, **call)
        if came.get("error"):
            # A list that says `has_more` is asked for again, and gets what it had.
            goes_round = "items" in came and sent.get("has_more")
            if not goes_round and "error" not in sent:
                return [f"an error came of it: {came['error']['message']}"]
        if "items" in came:
            items = sent["data"] if isinstance(sent, dict) else sent
            return differences(items, came["items"][: len(items)])
        if "value" not in came:
            return []
        for one in (sent, came["value"]):
            # Vectors that were sent as base64 come as numbers.
            if isinstance(one, dict) and one.get("object") == "list":
                for item in one.get("data") or []:
                    item.pop("embedding", None)
        return differences(sent, came["value"])

    def stream(self, reply, name, call):
        sent = events(reply.body)
        call["args"]["stream"] = True
        came = self.driver.call(reply, **call)
        self.streams += 1
        self.events += len(sent)
        if came.get("error"):
            return [f"an error came of it: {came['error']['message']}"]
        named = [event["data"] if event.keys() == {"event", "data"} else event for event in came["events"]]
        return differences(sent, [event for event in named if event != "[DONE]"]) or self.snapshot(reply, name, call, sent)

    def snapshot(self, reply, name, call, sent):
        if name not in ("responses.create", "chat.completions.create"):
            return []
        del call["args"]["stream"]
        came = self.driver.call(reply, **{**call, "method": "stream"})
        if came.get("error"):
            return [f"put together: {came['error']['message']}"]
        whole = [event["response"] for event in sent if event.get("type") in LAST]
        if name == "responses.create" and not whole:
            return []
        self.snapshots += 1
        if name == "responses.create":
            return [f"put together: {line}" for line in differences(whole[-1], came["value"])]
        return [f"put together: {line}" for line in differences(joined(sent), essence(came["value"]))]


def events(body):
    """The events of a stream, read in the simplest way."""
    blocks = re.split(r"\r?\n\r?\n", body.decode().strip())
    data = ["\n".join(re.findall(r"^data: ?(.*)$", block, re.M)).strip() for block in blocks]
    return [json.loads(text) for text in data if text and text != "[DONE]"]


def joined(chunks):
    """The pieces of a chat, joined in the simplest way."""
    choices = {}
    for chunk in chunks:
        for choice in chunk.get("choices") or []:
            delta = choice.get("delta") or {}
            whole = choices.setdefault(choice["index"], {"content": "", "refusal": "", "finish": None, "tools": {}})
            whole["content"] += delta.get("content") or ""
            whole["refusal"] += delta.get("refusal") or ""
            whole["finish"] = choice.get("finish_reason") or whole["finish"]
            for piece in delta.get("tool_calls") or []:
                tool = whole["tools"].setdefault(str(piece["index"]), ["", ""])
                function = piece.get("function") or {}
                tool[0] += function.get("name") or ""
                tool[1] += function.get("arguments") or ""
    return [{**choices[index], "tools": list(choices[index]["tools"].values())} for index in sorted(choices)]


def essence(completion):
    """The same of a chat that was put together."""
    found = []
    for choice in completion["choices"]:
        message = choice["message"]
        tools = [[call["function"]["name"], call["function"]["arguments"]] for call in message.get("tool_calls") or []]
        content, refusal = message.get("content") or "", message.get("refusal") or ""
        found.append({"content": content, "refusal": refusal, "finish": choice["finish_reason"], "tools": tools})
    return found


def main():
    archives, description, *command = sys.argv[1:]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    driver, routes = Driver(command, f"http://127.0.0.1:{server.server_port}/v1"), Routes()
    examples, unreadable = documented(description)
    wrong = 0
    for title, replies in (("recorded", recorded(Path(archives).iterdir())), ("documented", examples)):
        replay = Replay(driver, routes)
        for reply in replies:
            replay.take(reply)
        for line in replay.wrong:
            print(f"  {line}")
        wrong += len(replay.wrong)
        print(
            f"{title}: {replay.replies} replies of {len(replay.operations)} operations, {replay.streams} of them streams with "
            f"{replay.events} events; {replay.snapshots} put together; {len(replay.wrong)} differences"
        )
        if replay.replies == 0:
            sys.exit(f"{title}: nothing was found")
    print(f"{unreadable} documented examples are no JSON")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

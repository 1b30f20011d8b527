"""The examples of the guides, against the mock server."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import pytest
from installed import examples
from test_bulk import job
from threadline.testing import MockServer

pytest_plugins = ["threadline.testing.pytest_plugin"]

ROOT = Path(__file__).parents[2]
#: Examples with this first line need what only a named command installs.
NAMED = "# ray\n"
PAGES = {page: examples(str(ROOT / page)) for page in ("README.md", "bindings-python/README.md")}
PAGES.update({f"docs/guide/{path.name}": examples(str(path)) for path in sorted((ROOT / "docs/guide").glob("python*.md"))})
FILE = {"id": "file_1", "object": "file", "bytes": 1, "created_at": 1, "filename": "f", "purpose": "batch", "status": "processed"}
DONE = {"type": "response.done", "event_id": "e", "response": {"id": "r", "status": "completed"}}
SAID = ("session.update", "conversation.item.create", "response.create")
TALK = {"ws": [*({"expect": {"type": said}} for said in SAID), {"json": DONE}]}
CALL = {"id": "c", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Bonn"}'}}


def chat(finish_reason: str, **message: Any) -> Dict[str, Any]:
    choice = {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": None, **message}}
    return {"id": "chatcmpl_1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}


def response(*output: Dict[str, Any]) -> Dict[str, Any]:
    return {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": "completed", "output": list(output)}


ASKED = {"id": "fc", "type": "function_call", "call_id": "c", "name": "get_weather", "arguments": '{"city": "Bonn"}', "status": "completed"}
SUNNY = {"type": "output_text", "text": "No.", "annotations": []}
ANSWER = {"id": "msg", "type": "message", "role": "assistant", "status": "completed", "content": [SUNNY]}


#: Replies for examples of a page, by their number there; others are answered by the server itself.
SCRIPTS: Dict[str, List[Any]] = {
    "docs/guide/python-bulk.md-1": [
        {"for": "POST /files", "json": FILE},
        {"for": "POST /batches", **job("validating")},
        {"for": "GET /batches/{batch_id}", **job("completed")},
    ],
    "docs/guide/python-tools.md-0": [{"json": response(ASKED)}, {"json": response(ANSWER)}],
    "bindings-python/README.md-1": [TALK],
    "bindings-python/README.md-2": [{"json": chat("tool_calls", tool_calls=[CALL])}, {"json": chat("stop", content="Sunny.")}],
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("page", "number"), [(page, number) for page, found in PAGES.items() for number in range(len(found))])
def test_an_example_runs(page: str, number: int, threadline_mock: MockServer, monkeypatch: Any, tmp_path: Path) -> None:
    code = PAGES[page][number]
    if code.startswith(NAMED):
        compile(code, page, "exec")
        return
    for name, value in threadline_mock.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    threadline_mock.script(SCRIPTS.get(f"{page}-{number}", []) or [{"synth": True, "times": "always"}])
    names: Dict[str, Any] = {"__name__": "example"}
    exec(compile(code, f"{page}, example {number}", "exec"), names)
    for name, test in names.items():
        if name.startswith("test_"):
            test(threadline_mock=threadline_mock, monkeypatch=monkeypatch)
    threadline_mock.assert_valid()


def commands() -> List[str]:
    page = (ROOT / "docs/guide/command-line.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    return [line for line in block.splitlines() if line]


@pytest.mark.parametrize("command", commands())
def test_a_command_line_runs(command: str, threadline_mock: MockServer) -> None:
    program, *arguments = shlex.split(command)
    assert program == "threadline"
    done = subprocess.run(
        [sys.executable, "-m", "threadline", *arguments],
        env={**threadline_mock.environment(), "PYTHONPATH": str(ROOT / "bindings-python/python")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0 and done.stdout, done.stderr
    threadline_mock.assert_valid()

"""Browsers and computers of a program's own, worked with by a model."""

from __future__ import annotations

import json
from typing import Any, Dict, List

import pytest
from openai.lib.browser import AsyncBrowserToolset, BrowserError, BrowserToolset
from openai.lib.computer import AsyncComputerToolset, ComputerToolset, ComputerUseError
from openai.lib.responses_tool_runner import ResponsesToolRunner
from openai.types.responses import ResponseComputerToolCall, ResponseFunctionToolCall

from .test_client import asynchronous, make
from .test_tool_runners import Model, reply, said


class Browser:
    """One tab, and what was done in it."""

    def __init__(self) -> None:
        self.done: List[Any] = []
        self.url = "https://shop.example/basket?secret=1"

    def state(self) -> Any:
        return {"tabs": [{"id": "t", "title": "Shop", "url": self.url, "active": True}]}

    def navigate(self, action: Any) -> None:
        self.url = action["url"]

    def click(self, action: Any) -> None:
        if action["target"] == "gone":
            raise BrowserError("That is gone.")
        if action["target"] == "broken":
            raise ValueError("a secret")
        self.done.append(action["target"])

    def get_page_text(self, action: Any) -> str:
        return "Two things."

    def screenshot(self, action: Any) -> Any:
        return {"type": "input_image", "image_url": "data:image/png;base64,AA=="}


def asks(member: str, **arguments: Any) -> ResponseFunctionToolCall:
    return ResponseFunctionToolCall(
        type="function_call", call_id="c", name="browser_" + member, arguments=json.dumps(arguments), status="completed"
    )


def told(output: Any) -> Dict[str, Any]:
    return json.loads(output["output"][0]["text"])


def toolset(browser: Browser, consent: Any = True) -> BrowserToolset:
    return BrowserToolset(browser, confirm=lambda _: consent, url_policy=lambda _, url: url.startswith("https://shop.example/"))


def test_a_browser_declares_what_it_can_do() -> None:
    names = [tool["name"] for tool in toolset(Browser()).tools]
    assert names == ["browser_navigate", "browser_get_page_text", "browser_click", "browser_screenshot", "browser_list_tabs"]
    with pytest.raises(ValueError, match="confirm"):
        BrowserToolset(Browser())
    with pytest.raises(ValueError, match="not implemented"):
        BrowserToolset(Browser(), members=["hover"], confirm=lambda _: True)


def test_reads_need_no_consent_and_show_no_more_than_the_origin() -> None:
    read = told(toolset(Browser(), False).execute(asks("get_page_text", tab_id=None)))
    assert read == {
        "ok": True, "result": "Two things.",
        "state": {"tabs": [{"id": "t", "title": "Shop", "url": "https://shop.example", "active": True}]},
    }  # fmt: skip


@pytest.mark.parametrize("consent", [False, None, 1])
def test_anything_but_yes_is_no(consent: Any) -> None:
    browser = Browser()
    assert told(toolset(browser, consent).execute(asks("click", target="buy", tab_id=None)))["ok"] is False
    assert browser.done == []


def test_addresses_are_opened_only_where_the_policy_allows_it() -> None:
    browser = Browser()
    assert told(toolset(browser).execute(asks("navigate", url="https://bad.example/", tab_id=None)))["ok"] is False
    assert told(toolset(browser).execute(asks("navigate", url="https://shop.example/pay", tab_id=None)))["ok"] is True
    assert browser.url == "https://shop.example/pay"


@pytest.mark.parametrize(("target", "error"), [("gone", "That is gone."), ("broken", "Browser action failed.")])
def test_failures_are_told_without_their_secrets(target: str, error: str) -> None:
    assert told(toolset(Browser()).execute(asks("click", target=target, tab_id=None)))["error"] == error


def test_what_is_not_enabled_is_refused_and_arguments_are_checked() -> None:
    browser = Browser()
    reading = BrowserToolset(browser, members=["get_page_text"])
    with pytest.raises(BrowserError, match="disabled"):
        reading.execute(asks("click", target="buy", tab_id=None))
    for arguments in ({"target": "buy"}, {"target": 1, "tab_id": None}, {"target": "buy", "tab_id": None, "more": 1}):
        assert told(toolset(browser).execute(asks("click", **arguments)))["ok"] is False
    assert browser.done == []


@asynchronous
async def test_an_awaited_browser_gives_pictures() -> None:
    class Awaited:
        async def state(self) -> Any:
            return Browser().state()

        async def screenshot(self, action: Any) -> Any:
            return Browser().screenshot(action)

    output: Any = await AsyncBrowserToolset(Awaited()).execute(asks("screenshot", tab_id=None))
    assert output["output"][1] == {"type": "input_image", "image_url": "data:image/png;base64,AA=="}


class Computer:
    def __init__(self) -> None:
        self.done: List[str] = []

    def _do(self, action: Any) -> None:
        self.done.append(action.type)

    click = double_click = drag = keypress = move = scroll = type = wait = _do

    def screenshot(self) -> Any:
        self.done.append("screenshot")
        return {"type": "computer_screenshot", "image_url": "data:image/png;base64,AA=="}


def acts(*actions: Any, **more: Any) -> Dict[str, Any]:
    return {"id": "cu", "type": "computer_call", "call_id": "c", "status": "completed", "actions": list(actions), **more}


CLICK = {"type": "click", "x": 1, "y": 2, "button": "left"}
TYPE = {"type": "type", "text": "hi"}


def test_a_conversation_acts_until_the_model_answers() -> None:
    computer, model = Computer(), Model(reply(acts(CLICK, TYPE)), reply(said("done"), id_="last"))
    final = ComputerToolset(computer).run(make(model), {"model": "m", "input": "Say hi."})
    assert final.id == "last" and computer.done == ["click", "type", "screenshot"]
    assert model.asked[0]["tools"] == [{"type": "computer"}]
    output = model.asked[1]["input"][-1]
    assert (output["type"], output["call_id"], output["output"]["type"]) == ("computer_call_output", "c", "computer_screenshot")


def test_safety_checks_and_actions_are_asked_about() -> None:
    computer = Computer()
    checks = [{"id": "s", "code": "c", "message": "m"}]
    with pytest.raises(ComputerUseError, match="safety checks"):
        ComputerToolset(computer).execute(ResponseComputerToolCall(**acts(CLICK, pending_safety_checks=checks)))
    with pytest.raises(ComputerUseError, match="not approved"):
        ComputerToolset(computer).execute(
            ResponseComputerToolCall(**acts(CLICK, TYPE, pending_safety_checks=[])), before_action=lambda action: action.type == "click"
        )
    assert computer.done == ["click"]
    output: Any = ComputerToolset(computer).execute(
        ResponseComputerToolCall(**acts(TYPE, pending_safety_checks=checks)), approve_safety_checks=lambda call: True
    )
    assert output["acknowledged_safety_checks"] == checks


def test_nothing_is_done_where_an_action_cannot_be() -> None:
    computer = Computer()
    with pytest.raises(ComputerUseError):
        ComputerToolset(computer).run(make(Model(reply(acts(CLICK, {"type": "click", "x": "a", "y": 1, "button": "left"})))), {"model": "m", "input": "x"})
    with pytest.raises(ValueError, match="method flavor"):
        AsyncComputerToolset(computer)  # type: ignore[arg-type]
    assert computer.done == []


def test_one_runner_has_both() -> None:
    browser, computer = Browser(), Computer()
    click = {**json.loads(asks("click", target="buy", tab_id=None).to_json()), "id": "fc"}
    model = Model(reply(acts(CLICK), {**click, "call_id": "d"}), reply(said("done"), id_="last"))
    runner = ResponsesToolRunner(browser=toolset(browser), computer=ComputerToolset(computer))
    assert runner.run(make(model), {"model": "m", "input": "Buy it."}).id == "last"
    assert (computer.done, browser.done) == (["click", "screenshot"], ["buy"])
    outputs = [item["type"] for item in model.asked[1]["input"] if item.get("type", "").endswith("_output")]
    assert outputs == ["computer_call_output", "function_call_output"]

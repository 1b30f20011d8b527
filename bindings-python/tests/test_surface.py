"""The public interface, beside that of the official package."""

from __future__ import annotations

import inspect
import subprocess
import sys
import typing
from pathlib import Path

import pytest
import threadline
import typing_extensions
from threadline import types
from threadline.types import chat

HERE = Path(__file__).parent


def run(*arguments: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_modules_names_members_and_signatures_are_those_of_the_official_package() -> None:
    # In a process of its own: the official package warns, and both together load thousands of modules.
    output = run("-W", "ignore", str(HERE / "surface.py"))
    assert output.splitlines()[-1] == "0 differences", output


def test_importing_the_package_loads_no_type_and_no_resource() -> None:
    code = "import sys, threadline; print(*(m for m in sys.modules if m.startswith(('threadline.types.', 'threadline.resources.'))))"
    assert run("-c", code).split() == []


def test_a_type_is_loaded_without_those_it_refers_to() -> None:
    code = "import sys; from threadline.types.responses.response import Response; print(*sys.modules)"
    loaded = [name for name in run("-c", code).split() if name.startswith("threadline.types.responses.")]
    assert loaded == ["threadline.types.responses.response"]


def test_annotations_are_evaluated_when_they_are_asked_for() -> None:
    hints = typing.get_type_hints(chat.ChatCompletion)
    assert hints["usage"] == typing.Optional[types.CompletionUsage]
    client = threadline.OpenAI(api_key="k")
    hints = typing.get_type_hints(client.chat.completions.create)
    assert hints["messages"] == typing.Iterable[chat.ChatCompletionMessageParam]


def test_arguments_are_typed_dicts_with_required_members() -> None:
    hints = typing_extensions.get_type_hints(chat.ChatCompletionUserMessageParam, include_extras=True)
    assert typing.get_origin(hints["content"]) is typing_extensions.Required
    assert typing.get_origin(hints["name"]) is not typing_extensions.Required


def test_signatures_are_real() -> None:
    parameters = inspect.signature(threadline.OpenAI(api_key="k").beta.threads.runs.create).parameters
    assert list(parameters)[:2] == ["thread_id", "assistant_id"]
    assert parameters["assistant_id"].kind is inspect.Parameter.KEYWORD_ONLY
    assert parameters["model"].default is threadline.omit


def test_a_package_says_what_it_offers_and_what_it_does_not() -> None:
    assert "ChatCompletion" in dir(chat)
    namespace: typing.Dict[str, object] = {}
    exec("from threadline.types.chat import *", namespace)  # noqa: S102
    assert namespace["ChatCompletion"] is chat.ChatCompletion
    with pytest.raises(AttributeError, match="has no attribute 'no_such_thing'"):
        getattr(chat, "no_such_thing")


def test_members_whose_names_are_words_of_python_keep_the_wires_name() -> None:
    from threadline.types.beta.function_tool import FunctionTool
    from threadline.types.shared.response_format_json_schema import JSONSchema

    made = JSONSchema(name="n", schema_={"type": "object"})
    assert made.to_dict() == {"name": "n", "schema": {"type": "object"}}
    assert "schema_" not in FunctionTool.model_fields


def test_deprecated_methods_warn_and_others_do_not() -> None:
    client = threadline.OpenAI(api_key="k", base_url="http://127.0.0.1:1", max_retries=0)
    with pytest.warns(DeprecationWarning, match=r"beta\.threads\.retrieve"), pytest.raises(threadline.APIConnectionError):
        client.beta.threads.retrieve("thread_1")
    with pytest.raises(threadline.APIConnectionError):
        client.models.retrieve("m")

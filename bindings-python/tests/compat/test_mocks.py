"""Mocks made of the package's classes, and how its classes look from outside."""

from __future__ import annotations

import copy
import inspect
from typing import Any
from unittest import mock

import openai
import pytest
from openai import AsyncOpenAI, AzureOpenAI, OpenAI
from openai.types.chat import ChatCompletionMessage


@pytest.mark.parametrize("cls", [OpenAI, AsyncOpenAI])
def test_a_mock_of_the_class_has_the_resources(cls: Any) -> None:
    client = mock.Mock(spec=cls)
    client.chat.completions.create.return_value = "reply"
    assert client.chat.completions.create(model="m") == "reply" and isinstance(client, cls)
    for name in ("responses", "embeddings", "files", "beta", "models", "with_raw_response"):
        assert getattr(client, name)
    with pytest.raises(AttributeError):
        _ = client.resposes
    with pytest.raises(AttributeError):
        mock.Mock(spec_set=cls).nothing = 1


def test_so_has_one_with_signatures() -> None:
    assert isinstance(mock.create_autospec(OpenAI, instance=True).responses, mock.NonCallableMagicMock)
    client = mock.create_autospec(OpenAI(api_key="k"))
    client.chat.completions.create(model="m", messages=[])
    with pytest.raises(TypeError):
        client.chat.completions.create(modell="m", messages=[])


def test_a_resource_is_replaced_in_the_class() -> None:
    with mock.patch.object(OpenAI, "chat", new_callable=mock.PropertyMock) as chat:
        chat.return_value = "mine"
        assert OpenAI(api_key="k").chat == "mine"
        assert AsyncOpenAI(api_key="k").chat != "mine"
    assert OpenAI(api_key="k").chat.completions


def test_a_resource_is_replaced_in_the_client_and_in_subclasses() -> None:
    class Own(OpenAI):
        chat = "class"  # type: ignore[assignment]

        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.models = "instance"  # type: ignore[assignment,misc]

    own = Own(api_key="k")
    assert (own.chat, own.models) == ("class", "instance") and own.responses
    client = OpenAI(api_key="k")
    assert client.chat is client.chat
    client.chat = "other"  # type: ignore[assignment,misc]
    assert client.chat == "other"
    del client.chat
    assert client.chat.completions


def test_the_class_itself_has_no_other_names() -> None:
    assert not hasattr(OpenAI, "nothing") and hasattr(OpenAI, "responses")
    assert {"chat", "responses", "files"} <= set(dir(OpenAI)) and {"chat", "responses"} <= set(dir(AzureOpenAI))


def test_a_client_is_copied() -> None:
    client = OpenAI(api_key="k", base_url="http://localhost:1/v1", max_retries=7)
    twin = copy.copy(client)
    assert type(twin) is OpenAI and (twin.api_key, twin.max_retries, str(twin.base_url)) == ("k", 7, "http://localhost:1/v1/")


def test_classes_name_the_module_that_programs_import() -> None:
    for name in ("OpenAI", "AsyncOpenAI", "OpenAIError", "APIError", "RateLimitError", "APIConnectionError", "LengthFinishReasonError"):
        cls = getattr(openai, name)
        assert cls.__module__ == openai.__name__ and cls.__qualname__ == name


def test_a_class_of_replies_says_how_it_is_made() -> None:
    ChatCompletionMessage(role="assistant", content="hi")
    parameters = inspect.signature(ChatCompletionMessage).parameters
    assert parameters["role"].default is inspect.Parameter.empty and parameters["content"].default is None
    assert {parameter.kind for parameter in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}

"""Replies as pydantic's models, and classes that programs derive from them."""

from __future__ import annotations

import copy
import pickle
from functools import singledispatch
from typing import Any, Dict, Optional

import pydantic
import pytest

import openai
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletion


class Careful(pydantic.BaseModel):
    """What libraries put before a class of the package."""

    def __delattr__(self, name: str) -> None:
        if name in type(self).model_fields:
            raise AttributeError(f"{name} stays")
        super().__delattr__(name)


class Costs(Careful, CompletionUsage):
    cost: float = 1.5
    _notes: Dict[str, Any] = pydantic.PrivateAttr(default_factory=dict)

    def __init__(self, prompt_tokens: Optional[int] = None, **more: Any) -> None:
        super().__init__(prompt_tokens=prompt_tokens or 0, completion_tokens=2, total_tokens=5, **more)


class Other(CompletionUsage, pydantic.BaseModel):
    cost: float = 2.5


class Mine(ChatCompletion):
    extra: int = 0


def reply() -> ChatCompletion:
    message = {"role": "assistant", "content": "hi"}
    return ChatCompletion.model_validate(
        {
            "id": "one",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop", "logprobs": None, "message": message}],
        }
    )


def test_replies_and_their_parts_are_pydantics_models() -> None:
    made = reply()
    assert isinstance(made, pydantic.BaseModel)
    assert isinstance(made.choices[0].message, pydantic.BaseModel)
    assert issubclass(ChatCompletion, pydantic.BaseModel)
    assert issubclass(openai.BaseModel, pydantic.BaseModel)


def test_nothing_else_is() -> None:
    class Plain(pydantic.BaseModel):
        pass

    class Derived(Plain):
        pass

    assert not isinstance(reply(), Plain)
    assert not issubclass(ChatCompletion, Plain)
    assert isinstance(Derived(), Plain) and isinstance(Derived(), pydantic.BaseModel)
    assert not isinstance({}, pydantic.BaseModel) and not issubclass(dict, pydantic.BaseModel)
    assert not isinstance(openai.OpenAI(api_key="k"), pydantic.BaseModel)


def test_a_function_for_models_is_chosen_for_replies() -> None:
    @singledispatch
    def kind(value: Any) -> str:
        return "other"

    @kind.register
    def _(value: pydantic.BaseModel) -> str:
        return "model"

    assert kind(reply()) == "model"
    assert kind(1) == "other"


def test_a_class_adds_members() -> None:
    made = Mine.model_validate({**reply().to_dict(), "extra": 3})
    assert made.extra == 3
    assert made.choices[0].message.content == "hi"
    assert Mine.model_validate(reply().to_dict()).extra == 0
    assert isinstance(made, ChatCompletion) and isinstance(made, pydantic.BaseModel)
    assert made.model_dump()["extra"] == 3


@pytest.mark.parametrize("cls", [Costs, Other])
def test_a_class_derives_from_a_reply_and_from_pydantic(cls: Any) -> None:
    assert list(cls.model_fields)[-1] == "cost"
    assert set(cls.model_fields) > {"prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details"}
    made = cls(prompt_tokens=3, prompt_tokens_details={"cached_tokens": 4}, unknown=1, **({} if cls is Costs else {"completion_tokens": 2, "total_tokens": 5}))
    assert isinstance(made, CompletionUsage) and isinstance(made, pydantic.BaseModel)
    assert made.prompt_tokens_details.cached_tokens == 4
    assert made.model_extra == {"unknown": 1}
    assert made.model_fields_set == {"prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "unknown"}
    dumped = made.model_dump(exclude_unset=True)
    assert dumped.pop("prompt_tokens_details") == {"cached_tokens": 4}
    assert dumped == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "unknown": 1}
    assert made.to_dict()["prompt_tokens"] == 3
    made._request_id = "req_1"
    assert made._request_id == "req_1"
    assert copy.deepcopy(made) == made
    assert pickle.loads(pickle.dumps(made)) == made


def test_such_a_class_is_checked() -> None:
    with pytest.raises(pydantic.ValidationError, match="prompt_tokens"):
        Other(prompt_tokens="many", completion_tokens=2, total_tokens=5)
    made = Costs(prompt_tokens=1)
    made._notes["a"] = 1
    assert made._notes == {"a": 1} and Costs()._notes == {}
    with pytest.raises(AttributeError, match="stays"):
        del made.prompt_tokens


def test_replies_are_members_of_pydantics_models() -> None:
    class Kept(pydantic.BaseModel):
        answer: ChatCompletion
        usage: Costs
        anything: object = None

    kept = Kept(answer=reply(), usage=Costs(prompt_tokens=3), anything=reply())
    dumped = kept.model_dump(exclude_unset=True)
    assert dumped["answer"]["choices"][0]["message"] == {"role": "assistant", "content": "hi"}
    assert dumped["usage"]["prompt_tokens"] == 3
    assert dumped["anything"] == dumped["answer"]
    assert pydantic.TypeAdapter(ChatCompletion).validate_python(reply().to_dict()) == reply()

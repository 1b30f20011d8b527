"""Models of a program on the package's base class, and the package's own."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import datetime, timezone
from typing import Any, Dict, Generic, List, Optional, TypeVar, Union

import pydantic
import pytest
from pydantic import Field

from openai import BaseModel
from openai._compat import get_model_fields, model_copy, model_dump, model_json, parse_obj
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessage
from openai.types.responses import Response

COMPLETION: Dict[str, Any] = {
    "id": "c", "object": "chat.completion", "created": 1, "model": "m", "more": {"x": 1},
    "choices": [{"index": 0, "finish_reason": "stop", "logprobs": None, "message": {"role": "assistant", "content": "hi"}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}  # fmt: skip


class Nested(BaseModel):
    name: str


class Model(BaseModel):
    foo: str
    number: Optional[int] = None
    nested: Optional[Nested] = None
    items: List[Nested] = []
    when: Optional[datetime] = None
    named: Optional[Dict[str, Nested]] = None
    alias: Optional[str] = Field(alias="theAlias", default=None)


def test_instances_without_checks() -> None:
    made = Model.construct(foo=1, nested={"name": "n"}, items=[{"name": "a"}, 2], theAlias="x", extra=[1], when="2020-01-01T00:00:00Z")
    assert made.foo == 1 and isinstance(made.nested, Nested) and made.nested.name == "n"  # type: ignore[comparison-overlap]
    assert isinstance(made.items[0], Nested) and made.items[1] == 2  # type: ignore[comparison-overlap]
    assert made.alias == "x" and made.extra == [1] and made.number is None  # type: ignore[attr-defined]
    assert made.when == datetime(2020, 1, 1, tzinfo=timezone.utc)
    assert Model.construct().foo is None
    assert "foo" not in Model.construct().model_fields_set and made.model_fields_set >= {"foo", "nested", "items", "alias"}
    with pytest.raises(AttributeError):
        _ = made.nothing  # type: ignore[attr-defined]


def test_instances_with_checks() -> None:
    made = Model.model_validate({"foo": "x", "nested": {"name": "n"}})
    assert made.foo == "x" and made.nested == Nested(name="n") and parse_obj(Model, {"foo": "x"}).foo == "x"
    assert Model(foo="x").foo == "x"
    for wrong in ({}, {"foo": 1}, {"foo": "x", "nested": {}}, [], {"foo": "x", "number": "many"}):
        with pytest.raises(pydantic.ValidationError):
            Model.model_validate(wrong)
    with pytest.raises(ValueError, match="choices"):
        ChatCompletion.model_validate({"id": "x"})


def test_plain_data() -> None:
    made = Model.construct(foo="x", theAlias="y", nested={"name": "n"}, when="2020-01-01T00:00:00Z", extra=1)
    assert made.to_dict() == {"foo": "x", "theAlias": "y", "nested": {"name": "n"}, "when": datetime(2020, 1, 1, tzinfo=timezone.utc), "extra": 1}
    assert made.to_dict(use_api_names=False)["alias"] == "y"
    assert made.to_dict(mode="json")["when"] == "2020-01-01T00:00:00Z"
    assert json.loads(made.to_json()) == {"foo": "x", "theAlias": "y", "nested": {"name": "n"}, "when": "2020-01-01T00:00:00Z", "extra": 1}
    assert Model.construct(foo="x").to_json(indent=None) == '{"foo":"x"}'
    assert Model.construct(foo="x").to_json() == '{\n  "foo": "x"\n}'
    dumped = Model.construct(foo="x").model_dump()
    assert dumped == {"foo": "x", "number": None, "nested": None, "items": [], "when": None, "named": None, "alias": None}
    assert Model.construct(foo=None).to_dict() == {"foo": None}
    assert Model.construct(foo=None, number=None).to_dict(exclude_none=True) == {}
    assert Model.construct(foo="x", number=None).to_dict(exclude_defaults=True) == {"foo": "x"}
    assert made.model_dump(include={"foo"}) == {"foo": "x"} and "foo" not in made.model_dump(exclude={"foo"})
    assert model_dump(made, exclude_unset=True, by_alias=True)["theAlias"] == "y"
    assert json.loads(model_json(made))["foo"] == "x"


def test_the_packages_own_models() -> None:
    made = ChatCompletion.model_validate(COMPLETION)
    assert made.to_dict() == COMPLETION and json.loads(made.to_json()) == COMPLETION
    assert made.choices[0].message.content == "hi" and made.more == {"x": 1}  # type: ignore[attr-defined]
    assert made.model_extra == {"more": {"x": 1}}
    assert "choices" in get_model_fields(ChatCompletion) and get_model_fields(ChatCompletion)["id"].annotation is str
    assert ChatCompletion.model_validate_json(json.dumps(COMPLETION)) == made
    assert made == ChatCompletion.construct(**COMPLETION)
    assert ChatCompletion.construct(id="x").choices is None
    assert repr(made.choices[0].message).startswith("ChatCompletionMessage(content='hi', refusal=None, role='assistant', annotations=None")
    assert str(made) == repr(made)
    assert dict(made)["id"] == "c"
    with pytest.raises(TypeError):
        hash(made)


def test_copies() -> None:
    made = ChatCompletion.construct(**COMPLETION)
    for other in (copy.copy(made), copy.deepcopy(made), made.model_copy(deep=True), model_copy(made), pickle.loads(pickle.dumps(made))):
        assert other == made and type(other) is ChatCompletion and other is not made
    changed = made.model_copy(update={"id": "d"})
    assert (changed.id, made.id) == ("d", "c") and changed != made
    made.id = "e"
    assert made.id == "e"


class Holder(pydantic.BaseModel):
    completion: ChatCompletion
    message: Optional[ChatCompletionMessage] = None
    anything: Any = None


def test_models_inside_of_pydantics() -> None:
    holder = Holder.model_validate({"completion": COMPLETION, "message": {"role": "assistant", "content": "x"}})
    assert isinstance(holder.completion, ChatCompletion) and holder.message is not None and holder.message.content == "x"
    holder.anything = holder.completion
    assert json.loads(holder.model_dump_json(exclude_unset=True))["completion"]["id"] == "c"
    assert json.loads(holder.model_dump_json())["anything"]["id"] == "c"
    assert holder.model_dump()["completion"]["choices"][0]["message"]["content"] == "hi"
    assert Holder(completion=holder.completion).completion is holder.completion
    with pytest.raises(pydantic.ValidationError):
        Holder.model_validate({"completion": {"id": 1}})
    schema = Holder.model_json_schema()
    assert "completion" in schema["properties"]
    adapter = pydantic.TypeAdapter(List[ChatCompletionMessage])
    assert adapter.validate_python([{"role": "assistant"}])[0].role == "assistant"
    either = pydantic.TypeAdapter(Union[ChatCompletionChunk, ChatCompletion])
    assert isinstance(either.validate_python(COMPLETION), ChatCompletion)


def test_schemas() -> None:
    schema = ChatCompletionMessage.model_json_schema()
    assert schema["type"] == "object" and {"content", "role"} <= set(schema["properties"]) and "role" in schema["required"]


T = TypeVar("T")


class Box(BaseModel, Generic[T]):
    held: T


def test_generic_models() -> None:
    made = Box[Nested].construct(held={"name": "n"})
    assert isinstance(made.held, Nested)


def test_output_text_of_a_response() -> None:
    part = {"type": "output_text", "text": "a", "annotations": []}
    output = [{"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part, {**part, "text": "b"}]}]
    response = Response.construct(id="r", object="response", output=output)
    assert response.output_text == "ab"
    assert response.output[0].type == "message"


def test_a_model_of_the_program_derives_from_one_of_the_package() -> None:
    class Wider(ChatCompletionMessage):
        thought: Optional[str] = None

    made = Wider.construct(role="assistant", content="x", thought="t", tool_calls=[{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}])
    assert made.thought == "t" and isinstance(made, ChatCompletionMessage)
    assert made.tool_calls is not None and made.tool_calls[0].id == "1"


def test_an_instance_is_checked_when_it_is_made() -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        ChatCompletion(id="c")  # type: ignore[call-arg]
    assert [error["loc"] for error in caught.value.errors()] == [("choices",), ("created",), ("model",), ("object",)]
    with pytest.raises(pydantic.ValidationError) as caught:
        ChatCompletion(**{**COMPLETION, "service_tier": "none", "usage": 5})
    assert [(error["loc"], error["type"]) for error in caught.value.errors()] == [(("service_tier",), "literal_error"), (("usage",), "model_type")]
    assert "'priority' or 'fast'" in str(caught.value)
    assert ChatCompletion(**COMPLETION).more == {"x": 1}  # type: ignore[attr-defined]


def test_what_was_sent_comes_in_the_order_of_the_class() -> None:
    for made in (ChatCompletion(**COMPLETION), ChatCompletion.construct(**COMPLETION), ChatCompletion.model_validate(COMPLETION)):
        assert list(made.to_dict()) == ["id", "choices", "created", "model", "object", "usage", "more"]
        assert list(made.choices[0].message.to_dict()) == ["content", "role"]
        assert made.to_json(indent=None).startswith('{"id":"c","choices":[{"finish_reason":"stop","index":0,"logprobs":null')


MANY = {**COMPLETION, "choices": [{**COMPLETION["choices"][0], "index": index} for index in range(3)], "metadata": {"a": "1", "b": "2"}}


@pytest.mark.parametrize(
    "options, expected",
    [
        ({"exclude": {"choices": {"__all__": {"message", "finish_reason"}}}, "include": {"choices"}}, {"choices": [{"index": 0}, {"index": 1}, {"index": 2}]}),
        ({"include": {"choices": {-1: {"index"}}}}, {"choices": [{"index": 2}]}),
        ({"include": {"choices": {0, 2}}, "exclude": {"choices": {"__all__": {"message", "finish_reason"}, 0: {"index"}}}}, {"choices": [{}, {"index": 2}]}),
        ({"include": {"choices": {1: {"message": {"content"}}}}}, {"choices": [{"message": {"content": "hi"}}]}),
        ({"include": {"metadata": {"a"}, "id": ...}}, {"id": "c", "metadata": {"a": "1"}}),
        ({"include": {"metadata": ..., "usage": {"total_tokens"}}, "exclude": {"metadata": {"a"}}}, {"metadata": {"b": "2"}, "usage": {"total_tokens": 3}}),
        ({"include": {"more"}}, {"more": {"x": 1}}),
        ({"include": set()}, {}),
        ({"exclude": {"id": False, "choices": True, "usage": ..., "metadata": True, "more": True}}, {"id": "c", "created": 1, "model": "m", "object": "chat.completion"}),
    ],
)
def test_parts_are_left_out_by_name_and_place(options: Dict[str, Any], expected: Dict[str, Any]) -> None:
    assert ChatCompletion(**MANY).model_dump(exclude_none=True, **options) == expected


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_older_names_of_the_class() -> None:
    assert list(ChatCompletion.__fields__)[:2] == ["id", "choices"]
    assert ChatCompletion.schema()["title"] == json.loads(ChatCompletion.schema_json())["title"] == "ChatCompletion"
    assert ChatCompletion.validate(COMPLETION).id == "c"

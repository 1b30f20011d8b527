"""Response classes: what the decoder makes of JSON, and what the classes offer."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from threadline import BaseModel, _threadline
from threadline.types.chat import ChatCompletion, ChatCompletionMessage

COMPLETION = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "service_tier": None,
    "choices": [
        {"index": 0, "finish_reason": "stop", "logprobs": None, "message": {"role": "assistant", "content": "hé", "refusal": None}}
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    "new_member": {"of": ["the", "server"]},
}


def completion() -> ChatCompletion:
    made = _threadline.decode_as(json.dumps(COMPLETION), ChatCompletion)
    assert isinstance(made, ChatCompletion)
    return made


def test_nested_objects_are_instances_of_their_classes() -> None:
    made = completion()
    assert isinstance(made.choices[0].message, ChatCompletionMessage)
    assert made.choices[0].message.content == "hé"
    assert made.usage is not None and made.usage.total_tokens == 3


def test_what_came_is_what_goes_out() -> None:
    assert completion().to_dict() == COMPLETION
    assert json.loads(completion().to_json()) == COMPLETION


def test_absent_members_read_as_none_and_are_not_set() -> None:
    made = completion()
    assert made.system_fingerprint is None
    assert "system_fingerprint" not in made.model_fields_set
    assert "service_tier" in made.model_fields_set
    assert "system_fingerprint" in made.model_dump()
    assert "system_fingerprint" not in made.model_dump(exclude_unset=True)
    assert "service_tier" not in made.model_dump(exclude_unset=True, exclude_none=True)


def test_unknown_members_are_attributes() -> None:
    made = completion()
    assert made.new_member == {"of": ["the", "server"]}  # type: ignore[attr-defined]
    assert made.model_extra == {"new_member": {"of": ["the", "server"]}}


def test_a_member_that_the_server_left_out_is_none_and_one_that_nobody_knows_is_an_error() -> None:
    made = ChatCompletion.construct(id="c")
    assert made.choices is None
    with pytest.raises(AttributeError):
        _ = made.unknown
    with pytest.raises(ValueError, match="choices"):
        ChatCompletion.model_validate({"id": "c"})


def test_copies_and_pickles_are_equal() -> None:
    made = completion()
    made._request_id = "req_1"
    for other in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made)), made.model_copy(deep=True)):
        assert other == made and type(other) is ChatCompletion and other._request_id == "req_1"
    assert made.model_copy(update={"id": "c2"}).id == "c2"
    assert made != completion().model_copy(update={"id": "c2"})


def test_plain_data_becomes_instances_in_constructors_too() -> None:
    made = ChatCompletion(**COMPLETION)
    assert made == completion()
    assert isinstance(ChatCompletion.model_validate(COMPLETION).choices[0].message, ChatCompletionMessage)
    assert ChatCompletion.construct(**COMPLETION) == made


def test_repr_shows_members_like_pydantic() -> None:
    message = ChatCompletionMessage(role="assistant", content="hi")
    assert repr(message).startswith("ChatCompletionMessage(") and "content='hi'" in repr(message)


def test_numbers_keep_their_value() -> None:
    class Numbers(BaseModel):
        pass

    text = '{"big": 123456789012345678901234567890, "float": 1.5, "whole": 1.0, "exp": 1e3, "list": [1, 2, 3], "mixed": [1, 2.5]}'
    made = _threadline.decode_as(text, Numbers)
    assert vars(made) == json.loads(text)
    assert [type(item) for item in made.list] == [int, int, int]


def test_arguments_are_written_as_json() -> None:
    from datetime import date, datetime, timezone
    from enum import Enum

    class Color(Enum):
        RED = "red"

    value = {
        "text": 'a"\\\n\u2028é😀',
        "tuple": (1, 2.5, None, True),
        "enum": Color.RED,
        "date": date(2026, 1, 2),
        "time": datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
        "model": ChatCompletionMessage(role="assistant", content="x"),
        "generator": (number for number in range(2)),
        "big": 2**70,
    }
    assert json.loads(_threadline.encode(value)) == {
        "text": 'a"\\\n\u2028é😀',
        "tuple": [1, 2.5, None, True],
        "enum": "red",
        "date": "2026-01-02",
        "time": "2026-01-02T03:04:05+00:00",
        "model": {"role": "assistant", "content": "x"},
        "generator": [0, 1],
        "big": 2**70,
    }


def test_what_json_cannot_carry_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes is not JSON serializable"):
        _threadline.encode({"a": b"x"})
    with pytest.raises(ValueError, match="not JSON compliant"):
        _threadline.encode({"a": float("nan")})
    endless: list = []
    endless.append(endless)
    with pytest.raises(ValueError, match="nested deeper"):
        _threadline.encode(endless)


def test_pydantic_models_hold_our_models() -> None:
    pydantic = pytest.importorskip("pydantic")

    class Holder(pydantic.BaseModel):
        reply: ChatCompletion

    held = Holder(reply=COMPLETION)
    assert isinstance(held.reply, ChatCompletion)
    assert held.model_dump(exclude_unset=True)["reply"] == COMPLETION
    assert Holder.model_validate_json(held.model_dump_json()).reply.id == "c1"
    assert Holder.model_json_schema()["properties"]["reply"]


def test_pydantic_models_are_arguments() -> None:
    pydantic = pytest.importorskip("pydantic")

    class Part(pydantic.BaseModel):
        a: int
        b: int = 2

    assert json.loads(_threadline.encode({"part": Part(a=1)})) == {"part": {"a": 1}}


def test_a_way_of_a_program_s_own_to_show_pydantic_s_models_shows_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    import pydantic
    from threadline.types import Model

    original = pydantic.BaseModel.__repr_args__
    monkeypatch.setattr(pydantic.BaseModel, "__repr_args__", lambda self: sorted(original(self)))
    shown = list(Model.construct(owned_by="o", id="m", object="model", created=1).__rich_repr__())
    assert [name for name, _ in shown] == sorted(name for name, _ in shown)
    assert ("id", "m") in shown


def test_texts_of_a_response_that_has_nulls_are_what_is_there() -> None:
    from threadline.types.responses import Response

    said = {"type": "message", "role": "assistant", "status": "completed", "id": "m", "content": [{"type": "output_text", "text": None, "annotations": []}]}
    assert Response.construct(output=None).output_text == ""
    assert Response.construct(output=[said, {**said, "content": None}]).output_text == ""

"""Answers as types of the user's: what is asked of the model, and what is made of its answer."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterable, List, Optional

from ..._exceptions import ContentFilterFinishReasonError, LengthFinishReasonError
from ..._types import NotGiven, Omit
from .._tools import PydanticFunctionTool, schema_of


def _given(value: Any) -> bool:
    return value is not None and not isinstance(value, (Omit, NotGiven))


def is_type(value: Any) -> bool:
    """Whether an output format is a type, and not the description of one."""
    return _given(value) and not isinstance(value, dict) and (isinstance(value, type) or hasattr(value, "__origin__"))


def name_of(type_: Any) -> str:
    """The name of a type, as formats are named."""
    return str(getattr(type_, "__name__", "response"))


def read_as(type_: Any, text: str) -> Any:
    """JSON text as an instance of a type."""
    if hasattr(type_, "model_validate_json"):
        return type_.model_validate_json(text)
    if hasattr(type_, "parse_raw"):
        return type_.parse_raw(text)
    from pydantic import TypeAdapter

    return TypeAdapter(type_).validate_json(text)


def response_format(given: Any) -> Any:
    """`response_format` as it is sent."""
    if not is_type(given):
        return given
    return {"type": "json_schema", "json_schema": {"schema": schema_of(given), "name": name_of(given), "strict": True}}


def text_format(given: Any) -> Any:
    """`text.format` as it is sent."""
    return {"type": "json_schema", "strict": True, "name": name_of(given), "schema": schema_of(given)}


def check_tools(tools: Any) -> None:
    """Refuses tools whose arguments cannot be relied on."""
    if not _given(tools):
        return
    for tool in tools:
        if tool.get("type") != "function":
            raise ValueError(f"Currently only `function` tool types support auto-parsing; Received `{tool.get('type')}`")
        function = tool.get("function", tool)
        if function.get("strict") is not True:
            raise ValueError(f"`{function.get('name')}` is not strict. Only `strict` function tools can be auto-parsed")


class _Rules:
    def __init__(self, type_: Any, tools: Any) -> None:
        self.type = type_ if is_type(type_) else None
        self.tools: Dict[str, Any] = {}
        for tool in tools if _given(tools) else ():
            if isinstance(tool, dict):
                function = tool.get("function", tool)
                if function.get("strict") is True or isinstance(function, PydanticFunctionTool):
                    self.tools[function.get("name")] = function

    def arguments(self, name: str, text: str) -> Any:
        """The arguments of a call, parsed where its tool is strict."""
        tool = self.tools.get(name)
        if tool is None:
            return None
        return read_as(tool.model, text) if isinstance(tool, PydanticFunctionTool) else json.loads(text)


class ChatRules(_Rules):
    """What chat completions are parsed into."""

    def completion(self, completion: Any) -> Any:
        """The completion with its answers parsed."""
        from ...types.chat import ParsedChatCompletion, ParsedChatCompletionMessage, ParsedChoice, ParsedFunctionToolCall
        from ...types.chat.parsed_function_tool_call import ParsedFunction

        for choice in completion.choices:
            if self.type is not None or self.tools:
                if choice.finish_reason == "length":
                    raise LengthFinishReasonError(completion=completion)
                if choice.finish_reason == "content_filter":
                    raise ContentFilterFinishReasonError(completion=completion)
        completion.__class__ = ParsedChatCompletion
        for choice in completion.choices:
            message = choice.message
            choice.__class__, message.__class__ = ParsedChoice, ParsedChatCompletionMessage
            for call in message.__dict__.get("tool_calls") or []:
                if call.type == "function":
                    call.__class__, call.function.__class__ = ParsedFunctionToolCall, ParsedFunction
                    parsed = self.arguments(call.function.name, call.function.arguments)
                    if parsed is not None:
                        call.function.parsed_arguments = parsed
            if self.type is not None:
                answered = message.content is not None and not message.refusal
                message.parsed = read_as(self.type, message.content) if answered else None
        return completion

    def add_to_event(self, event: Any) -> None:
        """What an event holds, parsed."""
        if event.type == "content.done" and self.type is not None:
            event.parsed = read_as(self.type, event.content)
        elif event.type == "tool_calls.function.arguments.done":
            parsed = self.arguments(event.name, event.arguments)
            if parsed is not None:
                event.parsed_arguments = parsed


class ResponseRules(_Rules):
    """What responses are parsed into."""

    def response(self, response: Any) -> Any:
        """The response with its answers parsed."""
        from ...types.responses import (
            ParsedResponse,
            ParsedResponseFunctionToolCall,
            ParsedResponseOutputMessage,
            ParsedResponseOutputText,
        )

        response.__class__ = ParsedResponse
        for item in response.output or []:
            if item.type == "message":
                item.__class__ = ParsedResponseOutputMessage
                for part in item.content:
                    if part.type == "output_text":
                        part.__class__ = ParsedResponseOutputText
                        if self.type is not None:
                            part.parsed = read_as(self.type, part.text)
            elif item.type == "function_call":
                item.__class__ = ParsedResponseFunctionToolCall
                parsed = self.arguments(item.name, item.arguments)
                if parsed is not None:
                    item.parsed_arguments = parsed
        return response


def with_text_format(params: Dict[str, Any], given: Any) -> None:
    """Puts the type that was asked for into the arguments of a response."""
    if not is_type(given):
        return
    text = params.get("text")
    held = dict(text) if isinstance(text, dict) else {}
    if "format" in held:
        raise TypeError("Cannot mix and match text.format with text_format")
    params["text"] = {**held, "format": text_format(given)}


def tool_list(tools: Optional[Iterable[Any]]) -> List[Any]:
    """Tools that are read more than once."""
    return list(tools) if _given(tools) and tools is not None else []

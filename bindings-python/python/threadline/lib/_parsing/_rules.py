"""Answers as types of the user's: what is asked of the model, and what is made of its answer."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, Callable, Dict, Iterable, List, Optional

from ..._exceptions import ContentFilterFinishReasonError, LengthFinishReasonError, OpenAIError
from ..._types import NotGiven, Omit
from .._tools import PydanticFunctionTool, responses_tool, schema_of


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


def read_so_far(text: str) -> Any:
    """What the beginning of a JSON text holds already; nothing where it is none, or pydantic is not there to read it."""
    try:
        from pydantic_core import from_json

        return from_json(text, allow_partial=True) if text else None
    except (ImportError, TypeError, ValueError):
        return None


def _read(text: str, choice: Any, whole: Callable[[str], Any]) -> Any:
    """What a text holds: as it is to be in the end, once the model has said all."""
    if choice.finish_reason is not None:
        try:
            return whole(text)
        except (OpenAIError, ValueError):
            pass  # The event that it is done says so.
    return read_so_far(text)


def _described(given: Any) -> Dict[str, Any]:
    """What a type says of itself to the model, where it wants to: pydantic's own schemas hold their texts."""
    text = getattr(given, "__description__", None)
    return {} if text is None else {"description": text}


def response_format(given: Any) -> Any:
    """`response_format` as it is sent."""
    if not is_type(given):
        return given
    schema = {"schema": schema_of(given), "name": name_of(given), **_described(given), "strict": True}
    return {"type": "json_schema", "json_schema": schema}


def text_format(given: Any) -> Any:
    """`text.format` as it is sent."""
    return {"type": "json_schema", "strict": True, "name": name_of(given), **_described(given), "schema": schema_of(given)}


def check_tools(tools: Any) -> None:
    """Refuses tools none of whose arguments could be relied on. Beside a strict one others are left as they are."""
    if not _given(tools):
        return
    loose = []
    for tool in tools:
        if tool.get("type") != "function":
            raise ValueError(f"Currently only `function` tool types support auto-parsing; Received `{tool.get('type')}`")
        function = tool.get("function", tool)
        if function.get("strict") is not True:
            loose.append(function.get("name"))
    if loose and len(loose) == len(tools):
        raise ValueError(f"`{loose[0]}` is not strict. Only `strict` function tools can be auto-parsed")


def _about(error: Any, kind: str, answer: Any) -> Any:
    """An error of a reply that came, and could not be parsed."""
    error.kind, error.status, error.attempts, error.detail = kind, 200, error.attempts or 1, error.detail or str(error)
    error.request_id = getattr(answer, "_request_id", None)
    error.completion = answer
    return error


class _Rules:
    def __init__(self, type_: Any, tools: Any) -> None:
        self.type = type_ if is_type(type_) else None
        self.tools: Dict[str, Any] = {}
        for tool in tools if _given(tools) else ():
            if isinstance(tool, dict):
                function = tool.get("function", tool)
                if function.get("strict") is True or isinstance(function, PydanticFunctionTool):
                    self.tools[function.get("name")] = function

    def arguments(self, name: str, text: str, namespace: Optional[str] = None) -> Any:
        """The arguments of a call, parsed where its tool is strict."""
        tool = self._tool(name, namespace)
        if tool is None:
            return None
        return read_as(tool.model, text) if isinstance(tool, PydanticFunctionTool) else json.loads(text)

    def _tool(self, name: str, namespace: Optional[str]) -> Any:
        return self.tools.get(name)


class ChatRules(_Rules):
    """What chat completions are parsed into."""

    def completion(self, completion: Any) -> Any:
        """The completion with its answers parsed."""
        from ...types.chat import ParsedChatCompletion, ParsedChatCompletionMessage, ParsedChoice, ParsedFunctionToolCall
        from ...types.chat.parsed_function_tool_call import ParsedFunction

        for choice in completion.choices:
            if self.type is not None or self.tools:
                if choice.finish_reason == "length":
                    raise _about(LengthFinishReasonError(completion=completion), "length_finish", completion)
                if choice.finish_reason == "content_filter":
                    raise _about(ContentFilterFinishReasonError(completion=completion), "content_filter_finish", completion)
        completion.__class__ = ParsedChatCompletion
        for choice in completion.choices:
            message = choice.message
            choice.__class__, message.__class__ = ParsedChoice, ParsedChatCompletionMessage
            for call in message.__dict__.get("tool_calls") or []:
                if call.type == "function":
                    call.__class__, call.function.__class__ = ParsedFunctionToolCall, ParsedFunction
                    call.function.parsed_arguments = self.arguments(call.function.name, call.function.arguments)
            if self.type is not None:
                answered = message.content is not None and not message.refusal
                try:
                    message.parsed = read_as(self.type, message.content) if answered else None
                except OpenAIError as error:
                    raise _about(error, "decode", completion)
        return completion

    def so_far(self, completion: Any) -> Any:
        """A completion of which more is to come, with its answers parsed as far as they go."""
        from ...types.chat import ParsedChatCompletion, ParsedChatCompletionMessage, ParsedChoice, ParsedFunctionToolCall
        from ...types.chat.parsed_function_tool_call import ParsedFunction

        completion.__class__ = ParsedChatCompletion
        for choice in completion.choices or []:
            message = choice.message
            choice.__class__, message.__class__ = ParsedChoice, ParsedChatCompletionMessage
            for call in message.__dict__.get("tool_calls") or []:
                if call.type == "function":
                    call.__class__, call.function.__class__ = ParsedFunctionToolCall, ParsedFunction
                    name, text = call.function.name, call.function.arguments
                    if name in self.tools:
                        call.function.parsed_arguments = _read(text, choice, partial(self.arguments, name))
            if self.type is not None and message.content and not message.refusal:
                message.parsed = _read(message.content, choice, partial(read_as, self.type))
        return completion

    def add_to_event(self, event: Any) -> None:
        """What an event holds, parsed."""
        if event.type == "chunk":
            self.so_far(event.snapshot)
        elif event.type == "content.delta" and self.type is not None:
            event.parsed = read_so_far(event.snapshot)
        elif event.type == "content.done" and self.type is not None:
            event.parsed = read_as(self.type, event.content)
        elif event.type == "tool_calls.function.arguments.delta" and event.name in self.tools:
            event.parsed_arguments = read_so_far(event.arguments)
        elif event.type == "tool_calls.function.arguments.done":
            parsed = self.arguments(event.name, event.arguments)
            if parsed is not None:
                event.parsed_arguments = parsed


def _answers(phase: Any) -> bool:
    """Whether a message of a phase is an answer: what only comments on the work is none."""
    return phase in (None, "final_answer")


class ResponseRules(_Rules):
    """What responses are parsed into."""

    def __init__(self, type_: Any, tools: Any) -> None:
        super().__init__(type_, tools)
        self.namespaces = {
            tool.get("name"): _Rules(None, tool.get("tools")).tools
            for tool in (tools if _given(tools) else ())
            if isinstance(tool, dict) and tool.get("type") == "namespace"
        }

    def _tool(self, name: str, namespace: Optional[str]) -> Any:
        if namespace is None:
            return self.tools.get(name)
        if namespace in self.namespaces:
            return self.namespaces[namespace].get(name)
        # A tool that was loaded when it was looked for is alone in a namespace of its own name.
        return self.tools.get(name) if namespace == name else None

    def response(self, response: Any) -> Any:
        """The response with its answers parsed."""
        from ...types.responses import (
            ParsedResponse,
            ParsedResponseFunctionToolCall,
            ParsedResponseOutputMessage,
            ParsedResponseOutputText,
        )

        response.__class__ = ParsedResponse
        if response.output is None:
            response.output = []
        for item in response.output:
            if item.type == "message":
                item.__class__ = ParsedResponseOutputMessage
                is_answer = _answers(item.__dict__.get("phase"))
                if item.content is None:
                    item.content = []
                for part in item.content:
                    if part.type == "output_text":
                        part.__class__ = ParsedResponseOutputText
                        # The class says that there is none: a member that nobody asked for would be shown as one that came.
                        if self.type is not None:
                            part.parsed = self._answer(response, part.text) if is_answer else None
            elif item.type == "function_call":
                item.__class__ = ParsedResponseFunctionToolCall
                parsed = self.arguments(item.name, item.arguments, item.__dict__.get("namespace"))
                if parsed is not None:
                    item.parsed_arguments = parsed
        return response

    def text(self, text: str, phase: Any) -> Any:
        """A text of a message, parsed; `None` where it is no answer, or cannot be read."""
        if self.type is None or not _answers(phase):
            return None
        try:
            return read_as(self.type, text)
        except Exception:
            return None

    def _answer(self, response: Any, text: str) -> Any:
        try:
            return read_as(self.type, text)
        except Exception as error:
            reason = getattr(response.incomplete_details, "reason", None)
            if reason == "max_output_tokens":
                raise _about(LengthFinishReasonError(completion=response), "length_finish", response) from error
            if reason == "content_filter":
                raise _about(ContentFilterFinishReasonError(completion=response), "content_filter_finish", response) from error
            raise _about(error, "decode", response) if isinstance(error, OpenAIError) else error


def with_text_format(params: Dict[str, Any], given: Any) -> None:
    """Puts the type that was asked for into the arguments of a response."""
    if not is_type(given):
        return
    text = params.get("text")
    held = dict(text) if isinstance(text, dict) else {}
    if "format" in held:
        raise TypeError("Cannot mix and match text.format with text_format")
    params["text"] = {**held, "format": text_format(given)}


def parsed_as(given: Any, text_format_: Any, inputs: Any) -> Any:
    """The type that the answer is parsed into: what was asked for, or what the format that is in force then says.

    Raises :class:`TypeError` where the input changes the format, so that only the caller can say what it is.
    """
    update: Any = None
    for item in inputs if isinstance(inputs, (list, tuple)) else ():
        text = item.get("text") if isinstance(item, dict) and item.get("type") == "configuration_update" else None
        if isinstance(text, dict) and isinstance(text.get("format"), dict):
            update = text["format"]
    if isinstance(given, Omit):
        if update is not None and is_type(text_format_):
            if update.get("type") != "text":
                raise TypeError("The input changes the format of the answer. Pass parse_as, the type that it is to be parsed into")
            return None
        return text_format_
    if given is not None and update is not None and update.get("type") == "text":
        raise TypeError("parse_as is a type, and the input ends with a plain-text format update")
    return given


def tool_list(tools: Optional[Iterable[Any]]) -> List[Any]:
    """Tools that are read more than once."""
    return list(tools) if _given(tools) and tools is not None else []


def response_tools(tools: Optional[Iterable[Any]]) -> List[Any]:
    """Tools of responses, which are read more than once, with those in namespaces."""
    made = [responses_tool(tool) for tool in tool_list(tools)]
    return [
        {**tool, "tools": response_tools(tool["tools"])}
        if isinstance(tool, dict) and tool.get("type") == "namespace" and tool.get("tools") is not None
        else tool
        for tool in made
    ]

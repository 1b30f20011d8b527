"""Chat completions whose content was parsed into a type of the caller's."""

from __future__ import annotations

from typing import Generic, List, Optional, TypeVar

from threadline import types as t
from threadline.types.chat.chat_completion import ChatCompletion, Choice
from threadline.types.chat.chat_completion_message import ChatCompletionMessage

ContentType = TypeVar("ContentType")


class ParsedChatCompletionMessage(ChatCompletionMessage, Generic[ContentType]):
    """A message with what its content was parsed into."""

    parsed: Optional[ContentType] = None
    """The content as the type that was asked for; `None` where the model refused or called tools."""

    tool_calls: Optional[List[t.chat.ParsedFunctionToolCall]] = None  # type: ignore[assignment]
    """Calls of tools, with their arguments parsed."""


class ParsedChoice(Choice, Generic[ContentType]):
    """A choice whose message was parsed."""

    message: ParsedChatCompletionMessage[ContentType]
    """The message."""


class ParsedChatCompletion(ChatCompletion, Generic[ContentType]):
    """A completion whose messages were parsed."""

    choices: List[ParsedChoice[ContentType]]  # type: ignore[assignment]
    """The choices, as many as `n` asked for."""

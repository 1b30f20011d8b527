"""What a stream has come to so far; it has the classes of whole completions."""

from typing import Any

from ....types.chat.parsed_chat_completion import ParsedChatCompletion, ParsedChatCompletionMessage, ParsedChoice

ParsedChatCompletionSnapshot = ParsedChatCompletion[Any]
ParsedChatCompletionMessageSnapshot = ParsedChatCompletionMessage[Any]
ParsedChoiceSnapshot = ParsedChoice[Any]

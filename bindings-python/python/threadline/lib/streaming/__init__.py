"""Streams with events of a higher level."""

from typing import TypeVar

from ._assistants import AssistantEventHandler as AssistantEventHandler
from ._assistants import AssistantStreamManager as AssistantStreamManager
from ._assistants import AsyncAssistantEventHandler as AsyncAssistantEventHandler
from ._assistants import AsyncAssistantStreamManager as AsyncAssistantStreamManager

AssistantEventHandlerT = TypeVar("AssistantEventHandlerT", bound=AssistantEventHandler)
AsyncAssistantEventHandlerT = TypeVar("AsyncAssistantEventHandlerT", bound=AsyncAssistantEventHandler)

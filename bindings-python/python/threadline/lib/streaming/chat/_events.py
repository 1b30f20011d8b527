"""Events of streams of chat completions."""

from ._completions import ChatCompletionStreamEvent as ChatCompletionStreamEvent
from ._completions import ChunkEvent as ChunkEvent
from ._completions import ContentDeltaEvent as ContentDeltaEvent
from ._completions import ContentDoneEvent as ContentDoneEvent
from ._completions import FunctionToolCallArgumentsDeltaEvent as FunctionToolCallArgumentsDeltaEvent
from ._completions import FunctionToolCallArgumentsDoneEvent as FunctionToolCallArgumentsDoneEvent
from ._completions import LogprobsContentDeltaEvent as LogprobsContentDeltaEvent
from ._completions import LogprobsContentDoneEvent as LogprobsContentDoneEvent
from ._completions import LogprobsRefusalDeltaEvent as LogprobsRefusalDeltaEvent
from ._completions import LogprobsRefusalDoneEvent as LogprobsRefusalDoneEvent
from ._completions import RefusalDeltaEvent as RefusalDeltaEvent
from ._completions import RefusalDoneEvent as RefusalDoneEvent

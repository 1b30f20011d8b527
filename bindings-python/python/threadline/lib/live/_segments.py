"""Segments of a transcript, and what they are made of."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, fields
from typing import Literal, Optional, Tuple, Union

from ..._exceptions import OpenAIError

__all__ = ["Fragment", "Options", "TranscriptSegment", "TranscriptSegmentCloseReason", "TranscriptSegmentClosedEvent", "Update", "plain"]

Speaker = Literal["user", "assistant"]
TranscriptSegmentCloseReason = Literal["speaker_change", "inactivity", "timestamp_reset", "session_closed", "manual"]

#: The longest wait of a timer, in milliseconds.
LONGEST = 2_147_483_647
#: What counts as white space in the words of a transcript, in every language of ours.
_SPACE = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_EDGES = re.compile(rf"^[{_SPACE}.,!?;:\"'()\[\]{{}}]+|[{_SPACE}.,!?;:\"'()\[\]{{}}]+$")
_SPACES = re.compile(f"[{_SPACE}]+")


@dataclass(frozen=True)
class TranscriptSegment:
    """What one side said without the other taking over, so far. Times are those of the transcript, in milliseconds."""

    id: str
    previous_id: Optional[str]
    speaker: Speaker
    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class TranscriptSegmentClosedEvent:
    """A segment that is complete, and why."""

    segment: TranscriptSegment
    reason: TranscriptSegmentCloseReason


Update = Union[TranscriptSegment, TranscriptSegmentClosedEvent]


@dataclass(frozen=True)
class Fragment:
    """A piece of the transcript as it came."""

    speaker: Speaker
    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class Options:
    """How segments are told apart; times in milliseconds."""

    min_turn_separation_ms: float = 500
    assistant_silence_ms: float = 2000
    backchannel_max_duration_ms: float = 1000
    backchannel_isolation_ms: float = 2000
    additional_acknowledgments: Tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self) if field.name.endswith("_ms")):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LONGEST:
                raise OpenAIError(f"{name} must be a finite number between 0 and {LONGEST}")


def plain(text: str) -> str:
    """Words as they are compared: small, with single spaces, without what stands around them."""
    return _SPACES.sub(" ", _EDGES.sub("", text.lower().replace("-", " ")))


def is_word(character: str) -> bool:
    """Whether it is a letter or a digit, of any script."""
    return unicodedata.category(character)[0] in "LN"

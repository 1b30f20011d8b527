"""Transcripts of live sessions as segments to show: who spoke, and what."""

from ._grouper import AsyncTranscriptGrouper as AsyncTranscriptGrouper
from ._grouper import TranscriptGrouper as TranscriptGrouper
from ._segments import TranscriptSegment as TranscriptSegment
from ._segments import TranscriptSegmentClosedEvent as TranscriptSegmentClosedEvent
from ._segments import TranscriptSegmentCloseReason as TranscriptSegmentCloseReason

__all__ = [
    "AsyncTranscriptGrouper",
    "TranscriptGrouper",
    "TranscriptSegment",
    "TranscriptSegmentCloseReason",
    "TranscriptSegmentClosedEvent",
]

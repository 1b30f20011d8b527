"""Transcripts of live sessions as segments to show."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any, Callable, List, Optional, Tuple

import pytest

import openai
from openai.lib.live import AsyncTranscriptGrouper, TranscriptGrouper, TranscriptSegment
from openai.types.live import InputTranscriptDeltaEvent, OutputTranscriptDeltaEvent

_ids = itertools.count()


def said(speaker: str, text: str, start: int, end: Optional[int] = None, event_id: Optional[str] = None) -> Any:
    cls: Any = InputTranscriptDeltaEvent if speaker == "user" else OutputTranscriptDeltaEvent
    direction = "input" if speaker == "user" else "output"
    return cls.construct(
        type=f"session.{direction}_transcript.delta",
        event_id=event_id or f"event_{next(_ids)}",
        delta=text,
        start_ms=start,
        end_ms=start + 200 if end is None else end,
    )


class Timer:
    def __init__(self, due: float, callback: Callable[[], None]) -> None:
        self.due, self.callback, self.over = due, callback, False

    def cancel(self) -> None:
        self.over = True


class Grouper(TranscriptGrouper):
    """With a clock that the test moves."""

    def __init__(self, **options: Any) -> None:
        self.time = 0.0
        self.timers: List[Timer] = []
        super().__init__(**options)
        self.shown: List[TranscriptSegment] = []
        self.closed: List[Tuple[str, str, str]] = []
        self.on("segment.updated", self.shown.append)
        self.on("segment.closed", lambda event: self.closed.append((event.segment.speaker, event.segment.text, event.reason)))

    def _now(self) -> float:
        return self.time

    def _call_later(self, delay_ms: int, callback: Callable[[], None]) -> Any:
        self.timers.append(Timer(self.time + delay_ms, callback))
        return self.timers[-1]

    def wait(self, milliseconds: float) -> None:
        until = self.time + milliseconds
        while True:
            due = sorted((timer for timer in self.timers if not timer.over and timer.due <= until), key=lambda timer: timer.due)
            if not due:
                break
            self.time, due[0].over = due[0].due, True
            due[0].callback()
        self.time = until


def test_what_one_side_says_grows_until_the_other_has_the_floor() -> None:
    grouper = Grouper()
    for event in (said("user", "Can you ", 0), said("user", "run ls?", 200), said("assistant", "Sure, here.", 2000)):
        grouper.push(event)
    assert [one.text for one in grouper.shown] == ["Can you ", "Can you run ls?"]
    grouper.wait(50)
    assert grouper.closed == [("user", "Can you run ls?", "speaker_change")]
    grouper.wait(2500)
    assert grouper.closed[1:] == [("assistant", "Sure, here.", "inactivity")]
    first, last = grouper.shown[0], grouper.shown[-1]
    assert first.previous_id is None and last.previous_id == first.id


def test_an_acknowledgment_does_not_take_the_floor() -> None:
    grouper = Grouper()
    for event in (said("user", "I was thinking", 0, 900), said("assistant", "Mm-hmm.", 1000, 1200), said("user", " about it", 1300, 2000)):
        grouper.push(event)
        grouper.wait(60)
    grouper.close()
    assert grouper.closed == [("user", "I was thinking about it", "manual")]
    kept = Grouper(backchannel_max_duration_ms=0)
    for event in (said("user", "I was thinking", 0, 900), said("assistant", "Mm-hmm.", 1500, 1700)):
        kept.push(event)
        kept.wait(60)
    kept.close()
    assert [speaker for speaker, _, _ in kept.closed] == ["user", "assistant"]


def test_times_that_go_back_and_the_sessions_end_close_segments() -> None:
    grouper = Grouper()
    grouper.push(said("user", "before", 5000))
    grouper.wait(50)
    grouper.push(said("user", "after", 0))
    grouper.wait(50)
    assert grouper.closed == [("user", "before", "timestamp_reset")]
    closed: Any = type("Closed", (), {"type": "session.closed"})()
    grouper.push(closed)
    assert grouper.closed[1:] == [("user", "after", "session_closed")]
    grouper.close()
    with pytest.raises(openai.OpenAIError, match="after closing"):
        grouper.push(said("user", "more", 0))


def test_events_that_came_before_and_empty_ones_are_passed_over_and_wrong_ones_refused() -> None:
    grouper = Grouper()
    for _ in range(2):
        grouper.push(said("user", "once", 0, event_id="same"))
    grouper.push(said("user", "", 100))
    grouper.wait(50)
    assert [one.text for one in grouper.shown] == ["once"]
    with pytest.raises(openai.OpenAIError, match="Invalid public Live transcript delta"):
        grouper.push(said("user", "wrong", 200, 100))
    with pytest.raises(openai.OpenAIError, match="assistant_silence_ms"):
        TranscriptGrouper(assistant_silence_ms=-1)


def test_functions_are_awaited_and_what_they_raise_is_raised() -> None:
    async def main() -> None:
        seen: List[str] = []
        async with AsyncTranscriptGrouper() as grouper:

            @grouper.on("segment.updated")
            async def updated(segment: TranscriptSegment) -> None:
                await asyncio.sleep(0)
                seen.append(segment.text)

            await grouper.push(said("user", "hello", 0))
        assert seen == ["hello"]

        failing = AsyncTranscriptGrouper()

        def fail(segment: TranscriptSegment) -> None:
            raise RuntimeError("mine")

        failing.once("segment.updated", fail)
        await failing.push(said("user", "hello", 0))
        with pytest.raises(RuntimeError, match="mine"):
            await failing.close()

    asyncio.run(main())

"""Who has the floor: turns of a transcript by their times. No clock, no callbacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional

from ._segments import Fragment, Options, Speaker, TranscriptSegment, TranscriptSegmentClosedEvent, TranscriptSegmentCloseReason, Update, is_word, plain

__all__ = ["Turns"]

#: What is said while another speaks, without wanting the floor.
_ACKNOWLEDGMENTS = frozenset(
    ("aha", "alright", "gotcha", "hm", "hmm", "mhm", "mm", "mm hmm", "okay", "ok", "right", "sure", "uh huh", "yeah", "yep", "yes")
)


@dataclass
class _Turn:
    speaker: Speaker
    text: str
    start_ms: int
    end_ms: int
    id: str
    previous_id: Optional[str] = None
    shown: bool = False
    #: Whether it may be nothing but an acknowledgment.
    droppable: bool = True

    def add(self, fragment: Fragment, *, spaced: bool = False) -> None:
        if spaced and self.text and fragment.text and is_word(self.text[-1]) and is_word(fragment.text[0]):
            self.text += " "
        self.text += fragment.text
        self.end_ms = max(self.end_ms, fragment.end_ms)

    def segment(self) -> TranscriptSegment:
        return TranscriptSegment(self.id, self.previous_id, self.speaker, self.text, self.start_ms, self.end_ms)


class Turns:
    """The turn that has the floor, and what the other side says meanwhile, which becomes the next turn or is dropped.

    A short remark of the assistant into what the user says is dropped if the user goes on, or if it stays alone for long enough.
    """

    def __init__(self, options: Options, prefix: str) -> None:
        self._options = options
        self._prefix = prefix
        self._phrases = _ACKNOWLEDGMENTS | {found for found in map(plain, options.additional_acknowledgments) if found}
        self._floor: Optional[_Turn] = None
        self._aside: Optional[_Turn] = None
        self._count = 0
        self._last_id: Optional[str] = None
        #: When the assistant's last turn ended.
        self._answered: Optional[int] = None

    @property
    def speaker(self) -> Optional[Speaker]:
        """Who has the floor."""
        return None if self._floor is None else self._floor.speaker

    def take(self, fragments: List[Fragment]) -> List[Update]:
        """Fragments of one time; the floor's own come first."""
        first_speaker = self.speaker or "user"
        ordered = sorted(fragments, key=lambda one: one.speaker != first_speaker)
        updates: List[Update] = []
        start = ordered[0].start_ms
        due = self.due()
        while due is not None and due < start:
            updates += self.advance(due)
            due = self.due()
        speakers = {one.speaker for one in ordered}
        if self._floor is not None and self.speaker not in speakers:
            updates += self.advance(start, user_speaks="user" in speakers)
        for fragment in ordered:
            updates += self._say(fragment)
        return updates

    def advance(self, now: float, user_speaks: bool = False) -> List[Update]:
        """What follows from nothing having come until now."""
        floor, options = self._floor, self._options
        if floor is None:
            return []
        if self._aside is not None and now >= floor.end_ms + options.min_turn_separation_ms and not self._may_yet_drop(now):
            self._aside = self._kept(now=now)
            if self._aside is not None:
                return self._hand_over()
        if floor.speaker == "assistant" and not user_speaks and now >= floor.end_ms + options.assistant_silence_ms:
            return self._end("inactivity")
        return []

    def due(self) -> Optional[float]:
        """When :meth:`advance` has something to say next."""
        floor, aside, options = self._floor, self._aside, self._options
        if floor is None:
            return None
        if aside is None:
            return floor.end_ms + options.assistant_silence_ms if floor.speaker == "assistant" else None
        # The same sums as in `advance`, so that a time that is no whole number is reached.
        separated = floor.end_ms + options.min_turn_separation_ms
        return max(separated, aside.end_ms + options.backchannel_isolation_ms) if self._open_question() else separated

    def close(self, now: float, reason: TranscriptSegmentCloseReason) -> List[Update]:
        """Ends what is there."""
        aside = self._kept(now=now)
        updates = self._end(reason)
        self._aside = None
        if aside is not None and aside.text:
            updates += self._show(aside) + self._ended(aside, reason)
        if reason == "timestamp_reset":
            self._answered = None
        return updates

    def _say(self, fragment: Fragment) -> List[Update]:
        floor = self._floor
        if floor is None:
            self._floor = self._turn(fragment)
            return self._show(self._floor)
        if fragment.speaker == floor.speaker:
            floor.add(fragment, spaced=self._aside is not None)
            return self._show(floor)
        if floor.speaker == "assistant":
            self._put_aside(fragment)
            return self._hand_over()
        if self._overtaken():
            self._aside = None
        aside = self._aside
        if fragment.start_ms - floor.end_ms < self._options.min_turn_separation_ms:
            self._put_aside(fragment, droppable=self._begins_acknowledgment(fragment))
            return []
        if self._acknowledges(fragment):
            self._put_aside(fragment, droppable=aside is not None)
            return []
        self._aside = self._kept(following=fragment)
        updates = self._end("speaker_change")
        if self._aside is None:
            self._floor = self._turn(fragment)
        else:
            self._floor, self._aside = self._aside, None
            self._floor.add(fragment)
        return updates + self._show(self._floor)

    def _turn(self, fragment: Fragment) -> _Turn:
        made = _Turn(fragment.speaker, fragment.text, fragment.start_ms, fragment.end_ms, f"{self._prefix}_{self._count}")
        self._count += 1
        return made

    def _put_aside(self, fragment: Fragment, *, droppable: Optional[bool] = None) -> None:
        if self._aside is None:
            self._aside = self._turn(fragment)
        else:
            self._aside.add(fragment)
        if droppable is not None:
            self._aside.droppable = droppable

    def _hand_over(self) -> List[Update]:
        if self._aside is None:
            return []
        updates = self._end("speaker_change")
        self._floor, self._aside = self._aside, None
        return updates + self._show(self._floor)

    def _end(self, reason: TranscriptSegmentCloseReason) -> List[Update]:
        floor, self._floor = self._floor, None
        return [] if floor is None else self._ended(floor, reason)

    def _ended(self, turn: _Turn, reason: TranscriptSegmentCloseReason) -> List[Update]:
        if turn.speaker == "assistant":
            self._answered = turn.end_ms
        return [TranscriptSegmentClosedEvent(turn.segment(), reason)] if turn.shown else []

    def _show(self, turn: _Turn) -> List[Update]:
        if not turn.text:
            return []
        if not turn.shown:
            turn.shown, turn.previous_id, self._last_id = True, self._last_id, turn.id
        return [turn.segment()]

    # Whether what was said aside is an acknowledgment.

    def _is_brief(self) -> bool:
        floor, aside = self._floor, self._aside
        if floor is None or aside is None or (floor.speaker, aside.speaker) != ("user", "assistant"):
            return False
        return aside.end_ms - aside.start_ms < self._options.backchannel_max_duration_ms

    def _overtaken(self) -> bool:
        """Whether the user has gone on after it."""
        floor, aside = self._floor, self._aside
        return self._is_brief() and floor is not None and aside is not None and aside.droppable and floor.end_ms > aside.end_ms

    def _continues_answer(self) -> bool:
        """Whether it belongs to what the assistant said just before."""
        floor, aside = self._floor, self._aside
        if floor is None or aside is None or self._answered is None:
            return False
        return aside.start_ms - self._answered < self._options.backchannel_isolation_ms and aside.start_ms <= floor.start_ms

    def _open_question(self) -> bool:
        aside = self._aside
        return self._is_brief() and aside is not None and aside.droppable and not self._overtaken() and not self._continues_answer()

    def _may_yet_drop(self, now: float) -> bool:
        return self._open_question() and self._aside is not None and now < self._aside.end_ms + self._options.backchannel_isolation_ms

    def _kept(self, *, now: Optional[float] = None, following: Optional[Fragment] = None) -> Optional[_Turn]:
        """What was said aside, unless it was nothing but an acknowledgment."""
        aside = self._aside
        if aside is None or not self._is_brief():
            return aside
        if self._overtaken():
            return None
        if self._continues_answer():
            return aside
        isolation = self._options.backchannel_isolation_ms
        if following is not None:
            alone = following.start_ms - aside.end_ms >= isolation
        else:
            alone = now is not None and now >= aside.end_ms + isolation
        return None if alone and aside.droppable else aside

    def _brief_with(self, fragment: Fragment) -> bool:
        start = fragment.start_ms if self._aside is None else self._aside.start_ms
        return fragment.end_ms - start < self._options.backchannel_max_duration_ms

    def _words_with(self, fragment: Fragment) -> str:
        return plain(("" if self._aside is None else self._aside.text) + fragment.text)

    def _acknowledges(self, fragment: Fragment) -> bool:
        return self._brief_with(fragment) and self._words_with(fragment) in self._phrases

    def _begins_acknowledgment(self, fragment: Fragment) -> bool:
        words = self._words_with(fragment)
        return self._brief_with(fragment) and bool(words) and any(phrase.startswith(words) for phrase in self._phrases)

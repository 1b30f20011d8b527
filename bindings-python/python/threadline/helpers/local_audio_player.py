"""Speech through the loudspeaker."""

from __future__ import annotations

import asyncio
import inspect
import queue
from typing import Any, AsyncIterator, Callable, Optional

from .._extras import numpy as np
from .._extras import sounddevice as sd

__all__ = ["LocalAudioPlayer", "SAMPLE_RATE"]

#: Samples in a second, which is what speech comes with as ``response_format="pcm"``.
SAMPLE_RATE = 24000
#: The largest sample of 16 bits.
_FULL = 32767.0
#: Seconds that the loudspeaker waits for the next piece before it plays silence.
_PATIENCE = 0.1
#: Pieces that may wait to be played.
_AHEAD = 50


class LocalAudioPlayer:
    """Plays samples of one channel. ``should_stop`` is asked while it plays, and ends it."""

    def __init__(self, should_stop: Optional[Callable[[], bool]] = None) -> None:
        self.channels = 1
        self.dtype: Any = np.float32
        self.should_stop = should_stop

    async def _tts_response_to_buffer(self, response: Any) -> Any:
        """The samples of a reply of ``audio.speech.create(response_format="pcm")``."""
        pieces = response.iter_bytes(chunk_size=1024)
        if hasattr(pieces, "__aiter__"):
            sound = b"".join([piece async for piece in pieces])
        elif inspect.isawaitable(pieces):
            sound = b"".join([piece async for piece in await pieces])
        else:
            sound = b"".join(pieces)
        return self._floats(np.frombuffer(sound, dtype=np.int16))

    def _floats(self, samples: Any) -> Any:
        return (samples.astype(np.float32) / _FULL).reshape(-1, self.channels)

    async def play(self, input: Any) -> None:
        """Plays samples (an array of ``int16`` or ``float32``), or a reply with speech as PCM, to the end."""
        samples: Any
        if hasattr(input, "iter_bytes"):
            samples = await self._tts_response_to_buffer(input)
        elif input.dtype == np.int16:
            samples = self._floats(input)
        elif input.dtype == np.float32:
            samples = input
        else:
            raise ValueError(f"Unsupported dtype: {input.dtype}")
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        played = 0

        def wanted(out: Any, count: int, when: Any, status: Any) -> None:
            nonlocal played
            left = len(samples) - played
            if left == 0 or (callable(self.should_stop) and self.should_stop()):
                loop.call_soon_threadsafe(over.set)
                raise sd.CallbackStop
            count = min(count, left)
            out[:count] = samples[played : played + count]
            out[count:] = 0
            played += count

        with sd.OutputStream(samplerate=SAMPLE_RATE, channels=samples.shape[1], dtype=samples.dtype, callback=wanted):
            await over.wait()

    async def play_stream(self, buffer_stream: AsyncIterator[Any]) -> None:
        """Plays arrays of samples as they come; ``None``, or the end, ends it."""
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        ahead: "queue.Queue[Any]" = queue.Queue(maxsize=_AHEAD)

        async def feed() -> None:
            try:
                async for samples in buffer_stream:
                    if samples is None:
                        break
                    await loop.run_in_executor(None, ahead.put, samples)
            finally:
                await loop.run_in_executor(None, ahead.put, None)

        now: Any = None

        def wanted(out: Any, count: int, when: Any, status: Any) -> None:
            nonlocal now
            filled = 0
            while filled < count:
                if now is None or not len(now):
                    try:
                        now = ahead.get(timeout=_PATIENCE)
                    except queue.Empty:
                        out[filled:] = 0
                        return
                    if now is None:
                        out[filled:] = 0
                        loop.call_soon_threadsafe(over.set)
                        raise sd.CallbackStop
                    if now.dtype == np.int16:
                        now = self._floats(now)
                part = now[: count - filled]
                out[filled : filled + len(part)] = part
                filled += len(part)
                now = now[len(part) :]

        feeding = asyncio.create_task(feed())
        with sd.OutputStream(samplerate=SAMPLE_RATE, channels=self.channels, dtype=self.dtype, callback=wanted):
            await over.wait()
        await feeding

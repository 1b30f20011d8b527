"""Recordings from the microphone, as files for transcriptions."""

from __future__ import annotations

import asyncio
import io
import time
import wave
from typing import Any, Callable, Generic, List, Optional, Tuple, TypeVar

from .._extras import numpy as np
from .._extras import sounddevice as sd

__all__ = ["Microphone", "SAMPLE_RATE"]

#: Samples in a second.
SAMPLE_RATE = 24000

DType = TypeVar("DType")


class Microphone(Generic[DType]):
    """Records until ``should_record`` says no, or for ``timeout`` seconds; without both it records for ever.

    ``dtype`` is numpy's type of a sample; without one it is ``int16``.
    """

    def __init__(
        self, channels: int = 1, dtype: Any = None, should_record: Optional[Callable[[], bool]] = None, timeout: Optional[float] = None
    ) -> None:
        self.channels = channels
        self.dtype: Any = np.int16 if dtype is None else dtype
        self.should_record = should_record
        self.timeout = timeout
        self.has_record_function = callable(should_record)
        #: What has been recorded, in pieces.
        self.buffer_chunks: List[Any] = []

    async def record(self, return_ndarray: Optional[bool] = False) -> Any:
        """A recording: a file of WAV as ``file=`` takes it, or the samples as an array."""
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        pieces: List[Any] = []
        self.buffer_chunks = pieces
        began = time.perf_counter()

        def heard(samples: Any, count: int, when: Any, status: Any) -> None:
            late = self.timeout is not None and time.perf_counter() - began > self.timeout
            if late or (self.should_record is not None and callable(self.should_record) and not self.should_record()):
                loop.call_soon_threadsafe(over.set)
                raise sd.CallbackStop
            # The library uses its memory again.
            pieces.append(samples.copy())

        with sd.InputStream(samplerate=SAMPLE_RATE, channels=self.channels, dtype=self.dtype, callback=heard):
            await over.wait()
        recording = np.concatenate(pieces, axis=0) if pieces else np.array([], dtype=self.dtype)
        return recording if return_ndarray else self._ndarray_to_wav(recording)

    def _ndarray_to_wav(self, audio_data: Any) -> Tuple[str, Any, str]:
        samples = audio_data
        if samples.dtype == np.float32:
            # WAV has whole numbers: 16 bits with a sign.
            samples = (samples.clip(-1, 1) * np.iinfo(np.int16).max).astype(np.int16)
        elif samples.dtype == np.int8:
            # Samples of 8 bits have no sign there.
            samples = (samples.astype(np.int16) + 128).astype(np.uint8)
        file = io.BytesIO()
        with wave.open(file, "wb") as written:
            written.setnchannels(self.channels)
            written.setsampwidth(samples.dtype.itemsize)
            written.setframerate(SAMPLE_RATE)
            written.writeframes(samples.tobytes())
        file.seek(0)
        return "audio.wav", file, "audio/wav"

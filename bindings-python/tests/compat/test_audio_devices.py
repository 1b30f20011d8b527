"""Recording and playing, over a library of sounds that the test stands in for."""

from __future__ import annotations

import asyncio
import io
import wave
from types import SimpleNamespace
from typing import Any, AsyncIterator, List

import numpy as np
import pytest

from openai.helpers import LocalAudioPlayer, Microphone, local_audio_player, microphone


class Stop(Exception):
    pass


class Device:
    """A device that calls back as soon as it is opened, until it is stopped."""

    def __init__(self, give: List[Any], heard: List[Any]) -> None:
        self.give, self.heard, self.opened = give, heard, {}

    def __call__(self, **given: Any) -> Any:
        self.opened = given
        return self

    def __enter__(self) -> None:
        self.thread = asyncio.get_running_loop().run_in_executor(None, self.run)

    def run(self) -> None:
        try:
            while True:
                if self.give:
                    self.opened["callback"](self.give.pop(0), 2, None, None)
                else:
                    out = np.full((3, 1), 9, dtype=np.float32)
                    self.opened["callback"](out, 3, None, None)
                    self.heard.extend(out[:, 0].tolist())
        except Stop:
            pass

    def __exit__(self, *_: Any) -> None:
        pass


def library(device: Device) -> Any:
    return SimpleNamespace(InputStream=device, OutputStream=device, CallbackStop=Stop)


def test_a_recording_is_a_file_or_an_array(monkeypatch: pytest.MonkeyPatch) -> None:
    for as_array in (False, True):
        pieces = [np.array([[1], [2]], dtype=np.int16), np.array([[3]], dtype=np.int16), np.array([[4]], dtype=np.int16)]
        device = Device(pieces, [])
        monkeypatch.setattr(microphone, "sd", library(device))
        answers = iter([True, True, False])
        recorded = asyncio.run(Microphone(should_record=lambda: next(answers)).record(return_ndarray=as_array))
        assert (device.opened["samplerate"], device.opened["channels"], device.opened["dtype"]) == (24000, 1, np.int16)
        if as_array:
            assert recorded[:, 0].tolist() == [1, 2, 3]
            continue
        name, content, kind = recorded
        assert (name, kind) == ("audio.wav", "audio/wav") and isinstance(content, io.BytesIO)
        with wave.open(content) as file:
            assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (24000, 2, 1)
            assert np.frombuffer(file.readframes(9), dtype=np.int16).tolist() == [1, 2, 3]


def test_samples_are_played_to_the_end_or_until_told(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.array([0, 32767, -32767, 0], dtype=np.int16)
    heard: List[float] = []
    monkeypatch.setattr(local_audio_player, "sd", library(Device([], heard)))
    asyncio.run(LocalAudioPlayer().play(samples))
    assert heard == [0, 1, -1, 0, 0, 0]
    heard.clear()
    answers = iter([False, True])
    asyncio.run(LocalAudioPlayer(should_stop=lambda: next(answers)).play(samples))
    assert heard == [0, 1, -1]
    with pytest.raises(ValueError, match="Unsupported dtype"):
        asyncio.run(LocalAudioPlayer().play(samples.astype(np.int32)))


def test_a_stream_of_samples_is_played_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: List[float] = []
    monkeypatch.setattr(local_audio_player, "sd", library(Device([], heard)))

    async def pieces() -> AsyncIterator[Any]:
        yield np.array([[0.5], [0.25]], dtype=np.float32)
        yield np.array([32767], dtype=np.int16)
        yield np.array([[0.5], [0.5], [0.5]], dtype=np.float32)

    asyncio.run(LocalAudioPlayer().play_stream(pieces()))
    assert heard == [0.5, 0.25, 1.0, 0.5, 0.5, 0.5]

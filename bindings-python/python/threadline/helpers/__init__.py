"""This computer's microphone and loudspeaker. They need `numpy` and `sounddevice`."""

from .local_audio_player import LocalAudioPlayer
from .microphone import Microphone

__all__ = ["LocalAudioPlayer", "Microphone"]

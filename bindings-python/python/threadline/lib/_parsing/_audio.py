"""Of which class the reply to a transcription or a translation is, by the format that was asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..._helpers.audio import TRANSCRIPTIONS, TRANSLATIONS, Classes
from ..._types import Omit

__all__ = ["get_transcription_response_format_type", "get_translation_response_format_type"]

_TEXTS = ("text", "srt", "vtt")


def get_transcription_response_format_type(response_format: Any, *, log: Any) -> Any:
    """The class of a transcription; that of ``json``, told to ``log``, where the format is not known."""
    return _chosen(TRANSCRIPTIONS, response_format, log)


def get_translation_response_format_type(response_format: Any, *, log: Any) -> Any:
    """The class of a translation; that of ``json``, told to ``log``, where the format is not known."""
    return _chosen(TRANSLATIONS, response_format, log)


def _chosen(classes: Classes, asked: Any, log: Any) -> Any:
    if asked in _TEXTS:
        return str
    found = classes.get(asked) if isinstance(asked, str) else None
    if found is None and asked is not None and not isinstance(asked, Omit):
        log.warning("Unexpected audio response format: %s", asked)
    module, name = found or classes["json"]
    return getattr(import_module(f"...types.audio.{module}", __package__), name)

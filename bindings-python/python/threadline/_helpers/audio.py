"""Transcriptions and translations: the format that was asked for says of which class a reply is."""

from __future__ import annotations

from typing import Any, Dict, Tuple

from .. import _threadline as _native
from .._resource import AsyncResource, SyncResource

Classes = Dict[str, Tuple[str, str]]
#: Module and class by format. Replies of all other formats are of the class of `json`, or texts.
TRANSCRIPTIONS: Classes = {
    "json": ("transcription", "Transcription"),
    "verbose_json": ("transcription_verbose", "TranscriptionVerbose"),
    "diarized_json": ("transcription_diarized", "TranscriptionDiarized"),
}
TRANSLATIONS: Classes = {"json": ("translation", "Translation"), "verbose_json": ("translation_verbose", "TranslationVerbose")}

def _of(classes: Dict[str, Tuple[str, str]], arguments: Dict[str, Any]) -> Any:
    """The function that makes a reply one of the class that its format has."""
    asked = arguments.get("response_format")
    module, name = classes.get(asked if isinstance(asked, str) else "json", classes["json"])

    def made(value: Any) -> Any:
        held = type(value)
        if held.__name__ == name or not any(held.__name__ == other for _, other in classes.values()):
            return value
        from importlib import import_module

        request_id = value._request_id
        value = _native.decode_as(value.to_json(indent=None), getattr(import_module(f"threadline.types.audio.{module}"), name))
        value._request_id = request_id
        return value

    return made


class _Sync(SyncResource):
    _formats: Dict[str, Tuple[str, str]]

    def _bind(self, client: Any) -> None:
        super()._bind(client)
        call = self._call

        def typed(operation: int, arguments: Dict[str, Any]) -> Any:
            from .._response import then

            return then(call(operation, arguments), _of(self._formats, arguments))

        self._call = typed


class _Async(AsyncResource):
    _formats: Dict[str, Tuple[str, str]]

    def _bind(self, client: Any) -> None:
        super()._bind(client)
        call = self._call

        async def typed(operation: int, arguments: Dict[str, Any]) -> Any:
            from .._response import then

            return then(await call(operation, arguments), _of(self._formats, arguments))

        self._call = typed


class TranscriptionsHelpers(_Sync):
    """Replies of ``client.audio.transcriptions``."""

    _formats = TRANSCRIPTIONS


class AsyncTranscriptionsHelpers(_Async):
    """Replies of ``client.audio.transcriptions``."""

    _formats = TRANSCRIPTIONS


class TranslationsHelpers(_Sync):
    """Replies of ``client.audio.translations``."""

    _formats = TRANSLATIONS


class AsyncTranslationsHelpers(_Async):
    """Replies of ``client.audio.translations``."""

    _formats = TRANSLATIONS

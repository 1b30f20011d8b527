"""Conversations of the beta API over WebSockets."""

from __future__ import annotations

from typing import Any

from .._resource import AsyncResource, SyncResource
from .._types import omit
from .connections import AsyncConnection, AsyncConnectionManager, Connection, ConnectionManager, Sender
from .realtime import (
    _GROUPS,
    AsyncRealtimeInputAudioBufferResource as AsyncRealtimeInputAudioBufferResource,
    RealtimeConversationItemResource as RealtimeConversationItemResource,
    RealtimeConversationResource as RealtimeConversationResource,
    RealtimeInputAudioBufferResource as RealtimeInputAudioBufferResource,
    RealtimeOutputAudioBufferResource as RealtimeOutputAudioBufferResource,
    RealtimeResponseResource as RealtimeResponseResource,
    RealtimeSessionResource as RealtimeSessionResource,
)


class RealtimeTranscriptionSessionResource(Sender):
    """Settings of a session that transcribes."""

    def update(self, *, session: Any, event_id: Any = omit) -> Any:
        """Changes the session; what is left out stays."""
        return self._send("transcription_session.update", locals())


AsyncRealtimeSessionResource = RealtimeSessionResource
AsyncRealtimeResponseResource = RealtimeResponseResource
AsyncRealtimeConversationResource = RealtimeConversationResource
AsyncRealtimeConversationItemResource = RealtimeConversationItemResource
AsyncRealtimeOutputAudioBufferResource = RealtimeOutputAudioBufferResource
AsyncRealtimeTranscriptionSessionResource = RealtimeTranscriptionSessionResource
BaseRealtimeConnectionResource = BaseAsyncRealtimeConnectionResource = Sender


class RealtimeConnection(Connection):
    """A conversation with a model."""

    session: RealtimeSessionResource
    response: RealtimeResponseResource
    input_audio_buffer: RealtimeInputAudioBufferResource
    conversation: RealtimeConversationResource
    output_audio_buffer: RealtimeOutputAudioBufferResource
    transcription_session: RealtimeTranscriptionSessionResource
    _events = ("types.beta.realtime", "RealtimeServerEvent")
    _groups = {**_GROUPS, "transcription_session": RealtimeTranscriptionSessionResource}


class AsyncRealtimeConnection(AsyncConnection):
    """A conversation with a model."""

    session: RealtimeSessionResource
    response: RealtimeResponseResource
    input_audio_buffer: AsyncRealtimeInputAudioBufferResource
    conversation: RealtimeConversationResource
    output_audio_buffer: RealtimeOutputAudioBufferResource
    transcription_session: RealtimeTranscriptionSessionResource
    _events = ("types.beta.realtime", "RealtimeServerEvent")
    _groups = {
        **_GROUPS,
        "input_audio_buffer": AsyncRealtimeInputAudioBufferResource,
        "transcription_session": RealtimeTranscriptionSessionResource,
    }


class RealtimeConnectionManager(ConnectionManager):
    """A :class:`RealtimeConnection` that is opened when it is entered."""

    _name, _class = "beta.realtime", RealtimeConnection

    def __enter__(self) -> RealtimeConnection:
        connection: RealtimeConnection = super().__enter__()
        return connection

    enter = __enter__


class AsyncRealtimeConnectionManager(AsyncConnectionManager):
    """An :class:`AsyncRealtimeConnection` that is opened when it is entered."""

    _name, _class = "beta.realtime", AsyncRealtimeConnection

    async def __aenter__(self) -> AsyncRealtimeConnection:
        connection: AsyncRealtimeConnection = await super().__aenter__()
        return connection

    enter = __aenter__


class BetaRealtimeHelpers(SyncResource):
    """Helpers of ``client.beta.realtime``."""

    def connect(
        self, *, model: str, extra_query: Any = {}, extra_headers: Any = {}, websocket_connection_options: Any = {}, **reconnecting: Any
    ) -> RealtimeConnectionManager:
        """A conversation with a model, as a context manager of its connection.

        ``on_reconnecting``, ``max_retries``, ``initial_delay`` and ``max_delay`` as for ``client.realtime.connect``.
        """
        arguments = {**locals(), **reconnecting}
        del arguments["reconnecting"]
        return RealtimeConnectionManager(self._client, arguments)


class AsyncBetaRealtimeHelpers(AsyncResource):
    """Helpers of ``client.beta.realtime``."""

    def connect(
        self, *, model: str, extra_query: Any = {}, extra_headers: Any = {}, websocket_connection_options: Any = {}, **reconnecting: Any
    ) -> AsyncRealtimeConnectionManager:
        """A conversation with a model, as a context manager of its connection. See the other client's."""
        arguments = {**locals(), **reconnecting}
        del arguments["reconnecting"]
        return AsyncRealtimeConnectionManager(self._client, arguments)

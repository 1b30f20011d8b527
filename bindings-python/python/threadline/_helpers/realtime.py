"""Realtime conversations and translations over WebSockets."""

from __future__ import annotations

from typing import Any, Callable, Optional

from .. import _threadline as _native
from .._resource import AsyncResource, SyncResource, cached_property
from .._types import Omit, omit
from .connections import QUEUE, AsyncConnection, AsyncConnectionManager, Connection, ConnectionManager, Sender

OnReconnecting = Optional[Callable[[Any], Any]]


class RealtimeSessionResource(Sender):
    """Settings of the session."""

    def update(self, *, session: Any, event_id: Any = omit) -> Any:
        """Changes the session; what is left out stays."""
        return self._send("session.update", locals())


class RealtimeResponseResource(Sender):
    """Responses of the model."""

    def create(self, *, event_id: Any = omit, response: Any = omit) -> Any:
        """Asks the model for a response to the conversation so far."""
        return self._send("response.create", locals())

    def cancel(self, *, event_id: Any = omit, response_id: Any = omit) -> Any:
        """Stops the response under way."""
        return self._send("response.cancel", locals())


class RealtimeInputAudioBufferResource(Sender):
    """Audio that the model is to hear."""

    def clear(self, *, event_id: Any = omit) -> Any:
        """Forgets the audio so far."""
        return self._send("input_audio_buffer.clear", locals())

    def commit(self, *, event_id: Any = omit) -> Any:
        """Makes an item of the conversation of the audio so far."""
        return self._send("input_audio_buffer.commit", locals())

    def append(self, *, audio: str, event_id: Any = omit) -> Any:
        """Adds audio that is base64 already, in one event."""
        return self._send("input_audio_buffer.append", locals())

    def append_bytes(self, audio: bytes) -> Any:
        """Adds audio of any length, in the format of the session, in as many events as it takes."""
        for frame in _native.audio_frames(audio):
            self.append(audio=frame)


class AsyncRealtimeInputAudioBufferResource(RealtimeInputAudioBufferResource):
    """Audio that the model is to hear."""

    async def append_bytes(self, audio: bytes) -> Any:
        """Adds audio of any length, in the format of the session, in as many events as it takes."""
        for frame in _native.audio_frames(audio):
            await self.append(audio=frame)


class RealtimeConversationItemResource(Sender):
    """Items of the conversation."""

    def delete(self, *, item_id: str, event_id: Any = omit) -> Any:
        """Takes an item away."""
        return self._send("conversation.item.delete", locals())

    def create(self, *, item: Any, event_id: Any = omit, previous_item_id: Any = omit) -> Any:
        """Adds an item, at the end or after another."""
        return self._send("conversation.item.create", locals())

    def truncate(self, *, audio_end_ms: int, content_index: int, item_id: str, event_id: Any = omit) -> Any:
        """Cuts off audio of the model that was not heard."""
        return self._send("conversation.item.truncate", locals())

    def retrieve(self, *, item_id: str, event_id: Any = omit) -> Any:
        """Asks for an item as the server has it."""
        return self._send("conversation.item.retrieve", locals())


class RealtimeConversationResource(Sender):
    """The conversation."""

    @cached_property
    def item(self) -> RealtimeConversationItemResource:
        """Its items."""
        return RealtimeConversationItemResource(self._connection)


class RealtimeOutputAudioBufferResource(Sender):
    """Audio that the server plays itself (WebRTC and SIP)."""

    def clear(self, *, event_id: Any = omit) -> Any:
        """Stops what it is playing."""
        return self._send("output_audio_buffer.clear", locals())


AsyncRealtimeSessionResource = RealtimeSessionResource
AsyncRealtimeResponseResource = RealtimeResponseResource
AsyncRealtimeConversationResource = RealtimeConversationResource
AsyncRealtimeConversationItemResource = RealtimeConversationItemResource
AsyncRealtimeOutputAudioBufferResource = RealtimeOutputAudioBufferResource
BaseRealtimeConnectionResource = BaseAsyncRealtimeConnectionResource = Sender

_GROUPS = {
    "session": RealtimeSessionResource,
    "response": RealtimeResponseResource,
    "input_audio_buffer": RealtimeInputAudioBufferResource,
    "conversation": RealtimeConversationResource,
    "output_audio_buffer": RealtimeOutputAudioBufferResource,
}


class RealtimeConnection(Connection):
    """A conversation with a model."""

    session: RealtimeSessionResource
    response: RealtimeResponseResource
    input_audio_buffer: RealtimeInputAudioBufferResource
    conversation: RealtimeConversationResource
    output_audio_buffer: RealtimeOutputAudioBufferResource
    _groups = _GROUPS


class AsyncRealtimeConnection(AsyncConnection):
    """A conversation with a model."""

    session: RealtimeSessionResource
    response: RealtimeResponseResource
    input_audio_buffer: AsyncRealtimeInputAudioBufferResource
    conversation: RealtimeConversationResource
    output_audio_buffer: RealtimeOutputAudioBufferResource
    _groups = {**_GROUPS, "input_audio_buffer": AsyncRealtimeInputAudioBufferResource}


class RealtimeConnectionManager(ConnectionManager):
    """A :class:`RealtimeConnection` that is opened when it is entered."""

    _name, _class = "realtime", RealtimeConnection

    def __enter__(self) -> RealtimeConnection:
        connection: RealtimeConnection = super().__enter__()
        return connection

    enter = __enter__


class AsyncRealtimeConnectionManager(AsyncConnectionManager):
    """An :class:`AsyncRealtimeConnection` that is opened when it is entered."""

    _name, _class = "realtime", AsyncRealtimeConnection

    async def __aenter__(self) -> AsyncRealtimeConnection:
        connection: AsyncRealtimeConnection = await super().__aenter__()
        return connection

    enter = __aenter__


class RealtimeHelpers(SyncResource):
    """Helpers of ``client.realtime``."""

    def connect(
        self, *, call_id: "str | Omit" = omit, model: "str | Omit" = omit, extra_query: Any = {}, extra_headers: Any = {},
        websocket_connection_options: Any = {}, on_reconnecting: OnReconnecting = None, max_retries: int = 5,
        initial_delay: float = 0.5, max_delay: float = 8.0, max_queue_size: int = QUEUE,
    ) -> RealtimeConnectionManager:  # fmt: skip
        """A conversation with a model, or a call that runs over SIP or WebRTC, as a context manager.

        With ``on_reconnecting`` a connection that is lost is made again: the function is told, and may change query and headers or abort.
        """
        return RealtimeConnectionManager(self._client, locals())


class AsyncRealtimeHelpers(AsyncResource):
    """Helpers of ``client.realtime``."""

    def connect(
        self, *, call_id: "str | Omit" = omit, model: "str | Omit" = omit, extra_query: Any = {}, extra_headers: Any = {},
        websocket_connection_options: Any = {}, on_reconnecting: OnReconnecting = None, max_retries: int = 5,
        initial_delay: float = 0.5, max_delay: float = 8.0, max_queue_size: int = QUEUE,
    ) -> AsyncRealtimeConnectionManager:  # fmt: skip
        """A conversation with a model, as a context manager. See the other client's."""
        return AsyncRealtimeConnectionManager(self._client, locals())


class TranslationsSessionInputAudioBufferResource(Sender):
    """Audio that is to be translated."""

    def append(self, *, audio: str, event_id: Any = omit) -> Any:
        """Adds audio that is base64 already, in one event."""
        return self._send("session.input_audio_buffer.append", locals())


class TranslationsSessionResource(Sender):
    """The session."""

    @cached_property
    def input_audio_buffer(self) -> TranslationsSessionInputAudioBufferResource:
        """Audio that is to be translated."""
        return TranslationsSessionInputAudioBufferResource(self._connection)

    def close(self, *, event_id: Any = omit) -> Any:
        """Asks the server to finish what it has heard and to close."""
        return self._send("session.close", locals())

    def update(self, *, session: Any, event_id: Any = omit) -> Any:
        """Changes the session; what is left out stays."""
        return self._send("session.update", locals())


AsyncTranslationsSessionResource = TranslationsSessionResource
AsyncTranslationsSessionInputAudioBufferResource = TranslationsSessionInputAudioBufferResource
BaseTranslationsConnectionResource = BaseAsyncTranslationsConnectionResource = Sender


class TranslationsConnection(Connection):
    """A translation as it is spoken."""

    session: TranslationsSessionResource
    _groups = {"session": TranslationsSessionResource}
    _events = ("types.realtime.realtime_translation_server_event", "RealtimeTranslationServerEvent")


class AsyncTranslationsConnection(AsyncConnection):
    """A translation as it is spoken."""

    session: TranslationsSessionResource
    _groups = {"session": TranslationsSessionResource}
    _events = ("types.realtime.realtime_translation_server_event", "RealtimeTranslationServerEvent")


class TranslationsConnectionManager(ConnectionManager):
    """A :class:`TranslationsConnection` that is opened when it is entered."""

    _name, _class = "realtime.translations", TranslationsConnection

    def __enter__(self) -> TranslationsConnection:
        connection: TranslationsConnection = super().__enter__()
        return connection

    enter = __enter__


class AsyncTranslationsConnectionManager(AsyncConnectionManager):
    """An :class:`AsyncTranslationsConnection` that is opened when it is entered."""

    _name, _class = "realtime.translations", AsyncTranslationsConnection

    async def __aenter__(self) -> AsyncTranslationsConnection:
        connection: AsyncTranslationsConnection = await super().__aenter__()
        return connection

    enter = __aenter__


class TranslationsHelpers(SyncResource):
    """Helpers of ``client.realtime.translations``."""

    def connect(
        self, model: str, extra_query: Any = {}, extra_headers: Any = {}, websocket_connection_options: Any = {},
        on_reconnecting: OnReconnecting = None, max_retries: int = 5, initial_delay: float = 0.5, max_delay: float = 8.0,
        max_queue_size: int = QUEUE,
    ) -> TranslationsConnectionManager:  # fmt: skip
        """A translation, as a context manager of its connection."""
        return TranslationsConnectionManager(self._client, locals())


class AsyncTranslationsHelpers(AsyncResource):
    """Helpers of ``client.realtime.translations``."""

    def connect(
        self, model: str, extra_query: Any = {}, extra_headers: Any = {}, websocket_connection_options: Any = {},
        on_reconnecting: OnReconnecting = None, max_retries: int = 5, initial_delay: float = 0.5, max_delay: float = 8.0,
        max_queue_size: int = QUEUE,
    ) -> AsyncTranslationsConnectionManager:  # fmt: skip
        """A translation, as a context manager of its connection."""
        return AsyncTranslationsConnectionManager(self._client, locals())

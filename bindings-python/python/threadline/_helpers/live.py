"""Live sessions over WebSockets: the session, a second connection beside its media, copies of it."""

from __future__ import annotations

from typing import Any

from .._resource import AsyncResource, SyncResource, cached_property
from .._types import omit
from .connections import LIVE_QUEUE, AsyncConnection, AsyncConnectionManager, Connection, ConnectionManager, Sender
from .realtime import OnReconnecting


class LiveSessionCommentaryResource(Sender):
    """Comments for the model."""

    def append(self, *, content: str, delegation_id: Any, event_id: Any = omit) -> Any:
        """Adds a comment."""
        return self._send("session.commentary.append", locals())


class LiveSessionInputAudioResource(Sender):
    """Audio that the model is to hear."""

    def append(self, *, audio: str, event_id: Any = omit) -> Any:
        """Adds audio that is base64 already."""
        return self._send("session.input_audio.append", locals())

    def mute(self, *, event_id: Any = omit) -> Any:
        """Stops listening."""
        return self._send("session.input_audio.mute", locals())

    def unmute(self, *, event_id: Any = omit) -> Any:
        """Listens again."""
        return self._send("session.input_audio.unmute", locals())


class LiveSessionInstructionsResource(Sender):
    """Instructions for the model."""

    def append(self, *, content: str, delegation_id: Any, event_id: Any = omit) -> Any:
        """Adds an instruction."""
        return self._send("session.instructions.append", locals())


class LiveSessionOutputAudioFixtureResource(Sender):
    """Recorded audio."""

    def play(self, *, audio: str, event_id: Any = omit) -> Any:
        """Plays it to the user."""
        return self._send("session.output_audio.fixture.play", locals())


class LiveSessionOutputAudioResource(Sender):
    """Audio that the user hears."""

    @cached_property
    def fixture(self) -> LiveSessionOutputAudioFixtureResource:
        """Recorded audio."""
        return LiveSessionOutputAudioFixtureResource(self._connection)


class LiveSessionThinkingResource(Sender):
    """What the model is to think about."""

    def append(self, *, content: str, delegation_id: Any, event_id: Any = omit) -> Any:
        """Adds a thought."""
        return self._send("session.thinking.append", locals())


class _Session(Sender):
    @cached_property
    def commentary(self) -> LiveSessionCommentaryResource:
        """Comments for the model."""
        return LiveSessionCommentaryResource(self._connection)

    @cached_property
    def input_audio(self) -> LiveSessionInputAudioResource:
        """Audio that the model is to hear."""
        return LiveSessionInputAudioResource(self._connection)

    @cached_property
    def instructions(self) -> LiveSessionInstructionsResource:
        """Instructions for the model."""
        return LiveSessionInstructionsResource(self._connection)

    @cached_property
    def output_audio(self) -> LiveSessionOutputAudioResource:
        """Audio that the user hears."""
        return LiveSessionOutputAudioResource(self._connection)

    @cached_property
    def thinking(self) -> LiveSessionThinkingResource:
        """What the model is to think about."""
        return LiveSessionThinkingResource(self._connection)

    def close(self, *, event_id: Any = omit) -> Any:
        """Ends the session."""
        return self._send("session.close", locals())

    def update(self, *, session: Any, event_id: Any = omit) -> Any:
        """Changes the session; what is left out stays."""
        return self._send("session.update", locals())


class LiveSessionResource(_Session):
    """The session."""

    def start(self, *, session: Any, event_id: Any = omit) -> Any:
        """Begins the session."""
        return self._send("session.start", locals())


class SidebandSessionResource(_Session):
    """The session."""


class LiveDecisionItemResource(Sender):
    """What is to be decided on."""

    def delete(self, *, item_id: str, event_id: Any = omit) -> Any:
        """Takes an item away."""
        return self._send("decision.item.delete", locals())

    def create(self, *, item: Any, event_id: Any = omit) -> Any:
        """Adds an item."""
        return self._send("decision.item.create", locals())


class LiveDecisionResource(Sender):
    """Decisions of the model."""

    @cached_property
    def item(self) -> LiveDecisionItemResource:
        """What is to be decided on."""
        return LiveDecisionItemResource(self._connection)

    def create(self, *, event_id: str) -> Any:
        """Asks for a decision."""
        return self._send("decision.create", locals())


class LiveResponseItemResource(Sender):
    """What responses are made of."""

    def create(self, *, item: Any, event_id: Any = omit) -> Any:
        """Adds an item."""
        return self._send("response.item.create", locals())


class LiveResponseResource(Sender):
    """Responses of the model."""

    @cached_property
    def item(self) -> LiveResponseItemResource:
        """What responses are made of."""
        return LiveResponseItemResource(self._connection)

    def create(self, *, event_id: Any = omit) -> Any:
        """Asks for a response."""
        return self._send("response.create", locals())


class SidebandTransportDtmfResource(Sender):
    """Keypresses."""

    def send(self, *, event: str, event_id: Any = omit) -> Any:
        """Sends one keypress to the other end of a SIP call."""
        return self._send("transport.dtmf.send", locals())


class SidebandTransportResource(Sender):
    """The call that carries the media."""

    @cached_property
    def dtmf(self) -> SidebandTransportDtmfResource:
        """Keypresses."""
        return SidebandTransportDtmfResource(self._connection)


_LIVE = {"session": LiveSessionResource, "decision": LiveDecisionResource, "response": LiveResponseResource}
_SIDEBAND = {**_LIVE, "session": SidebandSessionResource, "transport": SidebandTransportResource}


class LiveConnection(Connection):
    """A live session."""

    session: LiveSessionResource
    decision: LiveDecisionResource
    response: LiveResponseResource
    _groups = _LIVE
    _events = ("types.live.server_event", "ServerEvent")


class AsyncLiveConnection(AsyncConnection):
    """A live session."""

    session: LiveSessionResource
    decision: LiveDecisionResource
    response: LiveResponseResource
    _groups = _LIVE
    _events = ("types.live.server_event", "ServerEvent")


class ForksConnection(Connection):
    """A copy of a live session."""

    session: LiveSessionResource
    decision: LiveDecisionResource
    response: LiveResponseResource
    _groups = _LIVE
    _events = ("types.live.fork_server_event", "ForkServerEvent")


class AsyncForksConnection(AsyncConnection):
    """A copy of a live session."""

    session: LiveSessionResource
    decision: LiveDecisionResource
    response: LiveResponseResource
    _groups = _LIVE
    _events = ("types.live.fork_server_event", "ForkServerEvent")


class SidebandConnection(Connection):
    """A second connection to a live session."""

    session: SidebandSessionResource
    transport: SidebandTransportResource
    decision: LiveDecisionResource
    response: LiveResponseResource
    _groups = _SIDEBAND
    _events = ("types.live.connect_server_event", "ConnectServerEvent")


class AsyncSidebandConnection(AsyncConnection):
    """A second connection to a live session."""

    session: SidebandSessionResource
    transport: SidebandTransportResource
    decision: LiveDecisionResource
    response: LiveResponseResource
    _groups = _SIDEBAND
    _events = ("types.live.connect_server_event", "ConnectServerEvent")


class LiveConnectionManager(ConnectionManager):
    """A :class:`LiveConnection` that is opened when it is entered."""

    _name, _class = "live", LiveConnection

    def __enter__(self) -> LiveConnection:
        connection: LiveConnection = super().__enter__()
        return connection

    enter = __enter__


class AsyncLiveConnectionManager(AsyncConnectionManager):
    """An :class:`AsyncLiveConnection` that is opened when it is entered."""

    _name, _class = "live", AsyncLiveConnection

    async def __aenter__(self) -> AsyncLiveConnection:
        connection: AsyncLiveConnection = await super().__aenter__()
        return connection

    enter = __aenter__


class ForksConnectionManager(ConnectionManager):
    """A :class:`ForksConnection` that is opened when it is entered."""

    _name, _class = "live.forks", ForksConnection

    def __enter__(self) -> ForksConnection:
        connection: ForksConnection = super().__enter__()
        return connection

    enter = __enter__


class AsyncForksConnectionManager(AsyncConnectionManager):
    """An :class:`AsyncForksConnection` that is opened when it is entered."""

    _name, _class = "live.forks", AsyncForksConnection

    async def __aenter__(self) -> AsyncForksConnection:
        connection: AsyncForksConnection = await super().__aenter__()
        return connection

    enter = __aenter__


class SidebandConnectionManager(ConnectionManager):
    """A :class:`SidebandConnection` that is opened when it is entered."""

    _name, _class = "live.sideband", SidebandConnection

    def __enter__(self) -> SidebandConnection:
        connection: SidebandConnection = super().__enter__()
        return connection

    enter = __enter__


class AsyncSidebandConnectionManager(AsyncConnectionManager):
    """An :class:`AsyncSidebandConnection` that is opened when it is entered."""

    _name, _class = "live.sideband", AsyncSidebandConnection

    async def __aenter__(self) -> AsyncSidebandConnection:
        connection: AsyncSidebandConnection = await super().__aenter__()
        return connection

    enter = __aenter__


class LiveHelpers(SyncResource):
    """Helpers of ``client.live``."""

    def connect(
        self, extra_query: Any = {}, extra_headers: Any = {}, websocket_connection_options: Any = {},
        on_reconnecting: OnReconnecting = None, max_retries: int = 5, initial_delay: float = 0.5, max_delay: float = 8.0,
        max_queue_size: int = LIVE_QUEUE,
    ) -> LiveConnectionManager:  # fmt: skip
        """A live session, as a context manager of its connection. Its first event is ``session.start``."""
        return LiveConnectionManager(self._client, locals())


class AsyncLiveHelpers(AsyncResource):
    """Helpers of ``client.live``."""

    def connect(
        self, extra_query: Any = {}, extra_headers: Any = {}, websocket_connection_options: Any = {},
        on_reconnecting: OnReconnecting = None, max_retries: int = 5, initial_delay: float = 0.5, max_delay: float = 8.0,
        max_queue_size: int = LIVE_QUEUE,
    ) -> AsyncLiveConnectionManager:  # fmt: skip
        """A live session, as a context manager of its connection. Its first event is ``session.start``."""
        return AsyncLiveConnectionManager(self._client, locals())


class SidebandHelpers(SyncResource):
    """Helpers of ``client.live.sideband``."""

    def connect(
        self, *, session_id: str, graceful_close: Any = omit, extra_query: Any = {}, extra_headers: Any = {},
        websocket_connection_options: Any = {}, on_reconnecting: OnReconnecting = None, max_retries: int = 5,
        initial_delay: float = 0.5, max_delay: float = 8.0, max_queue_size: int = LIVE_QUEUE,
    ) -> SidebandConnectionManager:  # fmt: skip
        """A second connection to a live session. ``graceful_close``: whether the session goes on when this connection ends."""
        return SidebandConnectionManager(self._client, locals())


class AsyncSidebandHelpers(AsyncResource):
    """Helpers of ``client.live.sideband``."""

    def connect(
        self, *, session_id: str, graceful_close: Any = omit, extra_query: Any = {}, extra_headers: Any = {},
        websocket_connection_options: Any = {}, on_reconnecting: OnReconnecting = None, max_retries: int = 5,
        initial_delay: float = 0.5, max_delay: float = 8.0, max_queue_size: int = LIVE_QUEUE,
    ) -> AsyncSidebandConnectionManager:  # fmt: skip
        """A second connection to a live session. See the other client's."""
        return AsyncSidebandConnectionManager(self._client, locals())


class ForksHelpers(SyncResource):
    """Helpers of ``client.live.forks``."""

    def connect(
        self, *, session_id: str, extra_query: Any = {}, extra_headers: Any = {}, websocket_connection_options: Any = {},
        on_reconnecting: OnReconnecting = None, max_retries: int = 5, initial_delay: float = 0.5, max_delay: float = 8.0,
        max_queue_size: int = LIVE_QUEUE,
    ) -> ForksConnectionManager:  # fmt: skip
        """A copy of a live session, which goes its own way from here."""
        return ForksConnectionManager(self._client, locals())


class AsyncForksHelpers(AsyncResource):
    """Helpers of ``client.live.forks``."""

    def connect(
        self, *, session_id: str, extra_query: Any = {}, extra_headers: Any = {}, websocket_connection_options: Any = {},
        on_reconnecting: OnReconnecting = None, max_retries: int = 5, initial_delay: float = 0.5, max_delay: float = 8.0,
        max_queue_size: int = LIVE_QUEUE,
    ) -> AsyncForksConnectionManager:  # fmt: skip
        """A copy of a live session, which goes its own way from here."""
        return AsyncForksConnectionManager(self._client, locals())


#: Official names of classes that several connections share here: any group of senders, by its place.
_PREFIXES = ("BaseAsync", "Base", "Async", "")


def __getattr__(name: str) -> Any:
    plain = next(name[len(prefix) :] for prefix in _PREFIXES if name.startswith(prefix))
    if plain.endswith("ConnectionResource"):
        return Sender
    for kind in ("Forks", "Sideband"):
        plain = f"Live{plain[len(kind):]}" if plain.startswith(kind) and plain not in globals() else plain
    if plain in globals() and name.endswith("Resource"):
        return globals()[plain]
    raise AttributeError(name)

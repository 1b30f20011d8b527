import Foundation
import ThreadlineFFI

/// How a lost connection is made again.
public struct ReconnectPolicy: Sendable {
    /// How often it is tried.
    public var maxRetries: Int?
    /// Seconds before the first attempt.
    public var initialDelay: TimeInterval?
    /// Longest wait in seconds.
    public var maxDelay: TimeInterval?

    /// A policy; what is `nil` is the library's choice.
    public init(maxRetries: Int? = nil, initialDelay: TimeInterval? = nil, maxDelay: TimeInterval? = nil) {
        self.maxRetries = maxRetries
        self.initialDelay = initialDelay
        self.maxDelay = maxDelay
    }
}

/// What a connection is opened with.
public struct ConnectOptions: Sendable {
    /// Makes a lost connection again. By default it stays lost.
    public var reconnect: ReconnectPolicy?
    /// Is asked before each attempt, with `attempt`, `max_attempts`, `delay_s`, `code`, `reason`; `false` gives up. It must answer at once.
    public var onReconnecting: (@Sendable (JSON) -> Bool)?
    /// Seconds between two pings. Default: none are sent.
    public var pingInterval: TimeInterval?
    /// How long an answer to a ping is waited for, in seconds.
    public var pingTimeout: TimeInterval?
    /// How long the server's answer to a close frame is waited for, in seconds.
    public var closeTimeout: TimeInterval?
    /// Bytes of the longest message that is taken.
    public var maxSize: Int?
    /// Where WebSockets are, if not at the client's base URL.
    public var baseURL: String?
    /// Options of the handshake's request.
    public var request: RequestOptions?

    /// The library's own choices.
    public init(reconnect: ReconnectPolicy? = nil, request: RequestOptions? = nil) {
        self.reconnect = reconnect
        self.request = request
    }

    fileprivate func settings(_ address: JSONObject) -> String {
        var out = address
        out.add("base_url", baseURL)
        if let reconnect {
            var policy = JSONObject()
            policy.add("max_retries", reconnect.maxRetries)
            policy.add("initial_delay_s", seconds(reconnect.initialDelay))
            policy.add("max_delay_s", seconds(reconnect.maxDelay))
            out.add("reconnect", JSON.object(policy))
        }
        out.add("ping_interval_s", seconds(pingInterval))
        out.add("ping_timeout_s", seconds(pingTimeout))
        out.add("close_timeout_s", seconds(closeTimeout))
        out.add("max_size", maxSize)
        return JSON.object(out).text
    }
}

/// What comes over a connection.
public enum Incoming<Event: Sendable>: Sendable {
    /// An event of the server.
    case event(Event)
    /// The connection was lost, and is made again: `attempt`, `delay_s` …
    case reconnecting(JSON)
    /// The connection was made again.
    case reconnected(JSON)
    /// A message that is no JSON, as text; the connection goes on.
    case malformed(String, ThreadlineError)
}

/// A close frame.
public struct CloseFrame: Sendable, Hashable {
    /// The code; 1006 where there was no frame.
    public let code: Int
    /// The reason.
    public let reason: String

    /// A close frame: code 1000, or 3000 to 4999.
    public init(code: Int = 1000, reason: String = "") {
        self.code = code
        self.reason = reason
    }
}

/// An open WebSocket: `Sent` goes out, `Received` comes in. It is closed, with code 1000, when nobody holds it any more.
///
/// ```swift
/// let connection = try await client.realtime.connect(model: "gpt-realtime")
/// try await connection.send(.responseCreate(RealtimeResponseCreateEvent()))
/// for try await case .event(let event) in connection.incoming { … }
/// ```
public final class SocketConnection<Sent: _Value, Received: _Value>: Sendable {
    private let native: Connection
    private let inbox = Inbox()

    fileprivate init(_ native: Connection) {
        self.native = native
    }

    deinit { native.shut() }

    /// The handshake's `x-request-id`.
    public var requestID: String? { native.requestId() }

    /// Headers of the handshake's reply, by their names in lower case.
    public var headers: [String: [String]] { headerMap(native.headers()) }

    /// Sends an event, and returns when it has gone out. While a lost connection is being made again, it waits.
    public func send(_ event: Sent) async throws {
        let native = self.native
        try await Calls.wait { try await native.send(text: event._json().text, cancel: $0) }
    }

    /// Sends a binary message.
    public func send(bytes: Data) async throws {
        let native = self.native
        try await Calls.wait { try await native.sendBinary(bytes: bytes, cancel: $0) }
    }

    /// What comes, until the connection has ended in due form; each message once: a second loop goes on where the first was left. A
    /// connection that its server closes with another code fails with ``ThreadlineError/closed(_:)``.
    public var incoming: Messages { Messages(connection: self) }

    /// Sends a close frame and waits for the server's. Events that came before it can still be read.
    @discardableResult
    public func close(_ frame: CloseFrame = CloseFrame()) async throws -> CloseFrame {
        guard let code = UInt16(exactly: frame.code) else { throw ThreadlineError.of("usage", "\(frame.code) is no code of a close frame") }
        let native = self.native
        let answer = try await Calls.wait { try await native.closeWith(code: code, reason: frame.reason, cancel: $0) }
        return CloseFrame(code: Int(answer.code), reason: answer.reason)
    }

    /// Lets go of the connection at once, with code 1000. Whoever waits for messages gets the end.
    public func abandon() { native.shut() }

    /// Messages that have arrived and not been read.
    private final class Inbox: @unchecked Sendable {
        private let lock = NSLock()
        private var batch: ArraySlice<JSON> = []

        func take() -> JSON? { lock.withLock { batch.popFirst() } }
        func put(_ more: [JSON]) { lock.withLock { batch += more } }
    }

    private func next() async throws -> Incoming<Received>? {
        while true {
            if let message = inbox.take() {
                switch message["type"]?.string {
                case "connection.reconnecting": return .reconnecting(message)
                case "connection.reconnected": return .reconnected(message)
                default: return .event(try Calls.typed(message, nil))
                }
            }
            let native = self.native
            do {
                guard let bytes = try await Calls.wait({ try await native.nextBatch(cancel: $0) }) else { return nil }
                inbox.put(try Calls.tree(bytes, nil).array ?? [])
            } catch let error as ThreadlineError {
                guard case .decode(let failure) = error, failure.close == nil else { throw error }
                return .malformed(String(decoding: failure.body, as: UTF8.self), error)
            }
        }
    }

    /// Messages of a connection.
    public struct Messages: AsyncSequence, Sendable {
        public typealias Element = Incoming<Received>
        fileprivate let connection: SocketConnection

        public func makeAsyncIterator() -> Iterator { Iterator(connection: connection) }

        /// Reads messages.
        public struct Iterator: AsyncIteratorProtocol {
            fileprivate let connection: SocketConnection

            public mutating func next() async throws -> Incoming<Received>? { try await connection.next() }
        }
    }
}

/// Whoever the caller has decide about connections that were lost.
private final class ForeignAdvisor: ReconnectAdvisor {
    private let decide: @Sendable (JSON) -> Bool

    init(_ decide: @escaping @Sendable (JSON) -> Bool) {
        self.decide = decide
    }

    func advise(notice: String) -> String {
        guard let notice = try? JSON(parsing: notice), decide(notice) else { return "{\"abort\":true}" }
        return ""
    }
}

extension Calls {
    fileprivate func connect<Sent: _Value, Received: _Value>(
        _ resource: String, _ address: JSONObject, _ how: ConnectOptions
    ) async throws -> SocketConnection<Sent, Received> {
        let (native, settings, options) = (self.native, how.settings(address), how.request?.text ?? "")
        let advisor = how.onReconnecting.map { ForeignAdvisor($0) }
        return SocketConnection(
            try await Calls.wait { handle in
                try await native.connect(resource: resource, settings: settings, options: options, advisor: advisor, cancel: handle)
            })
    }
}

/// A connection of the realtime API.
public typealias RealtimeConnection = SocketConnection<RealtimeClientEvent, RealtimeServerEvent>

extension RealtimeResource {
    /// Opens a conversation with a model that hears and speaks.
    public func connect(model: String, how: ConnectOptions = ConnectOptions()) async throws -> RealtimeConnection {
        try await _calls.connect("realtime", ["model": .string(model)], how)
    }

    /// Joins a call.
    public func connect(callId: String, how: ConnectOptions = ConnectOptions()) async throws -> RealtimeConnection {
        try await _calls.connect("realtime", ["call_id": .string(callId)], how)
    }

    /// Opens a session that transcribes.
    public func connectTranscription(how: ConnectOptions = ConnectOptions()) async throws -> RealtimeConnection {
        try await _calls.connect("realtime", ["intent": "transcription"], how)
    }
}

extension BetaRealtimeResource {
    /// Opens a conversation over the beta API.
    public func connect(
        model: String, how: ConnectOptions = ConnectOptions()
    ) async throws -> SocketConnection<BetaRealtimeClientEvent, BetaRealtimeServerEvent> {
        try await _calls.connect("beta.realtime", ["model": .string(model)], how)
    }
}

extension RealtimeTranslationsResource {
    /// Opens a translation.
    public func connect(
        model: String, how: ConnectOptions = ConnectOptions()
    ) async throws -> SocketConnection<RealtimeTranslationClientEvent, RealtimeTranslationServerEvent> {
        try await _calls.connect("realtime.translations", ["model": .string(model)], how)
    }
}

extension LiveResource {
    /// Opens a live session.
    public func connect(how: ConnectOptions = ConnectOptions()) async throws -> SocketConnection<LiveClientEvent, LiveServerEvent> {
        try await _calls.connect("live", [:], how)
    }

    /// Opens the side channel of a live session.
    public func connectSideband(
        sessionId: String, gracefulClose: Bool? = nil, how: ConnectOptions = ConnectOptions()
    ) async throws -> SocketConnection<ConnectClientEvent, ConnectServerEvent> {
        var address: JSONObject = ["session_id": .string(sessionId)]
        address.add("graceful_close", gracefulClose)
        return try await _calls.connect("live.sideband", address, how)
    }

    /// Opens a fork of a live session.
    public func connectFork(
        sessionId: String, how: ConnectOptions = ConnectOptions()
    ) async throws -> SocketConnection<ForkClientEvent, ForkServerEvent> {
        try await _calls.connect("live.forks", ["session_id": .string(sessionId)], how)
    }
}

extension ResponsesResource {
    /// Opens a connection over which responses are asked for, one after the other.
    public func connect(how: ConnectOptions = ConnectOptions()) async throws -> SocketConnection<ResponsesClientEvent, ResponsesServerEvent> {
        try await _calls.connect("responses", [:], how)
    }

    /// Connections that are kept for responses.
    ///
    /// - Parameters:
    ///   - maxConnections: how many there may be.
    ///   - idleTime: how long one waits for work, in seconds.
    ///   - maxAge: how long one is used, in seconds.
    public func pool(
        maxConnections: Int? = nil, idleTime: TimeInterval? = nil, maxAge: TimeInterval? = nil, options: RequestOptions? = nil
    ) throws -> ResponsesPool {
        var settings = JSONObject()
        settings.add("max_connections", maxConnections)
        settings.add("idle_time_s", seconds(idleTime))
        settings.add("max_age_s", seconds(maxAge))
        let native = try Calls.now { try _calls.native.responsesPool(settings: JSON.object(settings).text, options: options?.text ?? "") }
        return ResponsesPool(native)
    }
}

extension BetaResponsesResource {
    /// Opens a connection for responses of the beta API.
    public func connect(
        how: ConnectOptions = ConnectOptions()
    ) async throws -> SocketConnection<BetaResponsesClientEvent, BetaResponsesServerEvent> {
        try await _calls.connect("beta.responses", [:], how)
    }
}

extension SocketConnection where Sent == RealtimeClientEvent {
    /// Sends audio of any length, in as many events as it takes.
    public func append(audio: Data) async throws {
        for frame in audioFrames(audio: audio) { try await send(.inputAudioBufferAppend(InputAudioBufferAppendEvent(audio: frame))) }
    }
}

extension SocketConnection where Sent == BetaRealtimeClientEvent {
    /// Sends audio of any length, in as many events as it takes.
    public func append(audio: Data) async throws {
        for frame in audioFrames(audio: audio) {
            try await send(BetaRealtimeClientEvent(json: ["type": "input_audio_buffer.append", "audio": .string(frame)]))
        }
    }
}

/// Connections that are kept for responses, each of which has one response at a time. They are closed when nobody holds the pool any more.
public final class ResponsesPool: Sendable {
    private let native: ThreadlineFFI.ResponsesPool

    fileprivate init(_ native: ThreadlineFFI.ResponsesPool) {
        self.native = native
    }

    /// Asks for a response, over a connection of its own as long as it lasts.
    public func create(_ params: ResponseCreateParams) async throws -> EventStream<ResponseStreamEvent> {
        let (native, sent) = (self.native, Calls.Sent(params.json))
        return EventStream(try await Calls.wait { try await native.create(fields: sent.fields, cancel: $0) })
    }

    /// How many connections have been opened so far.
    public var opened: Int { Int(native.opened()) }

    /// How many connections wait for work.
    public var idle: Int { Int(native.idle()) }
}

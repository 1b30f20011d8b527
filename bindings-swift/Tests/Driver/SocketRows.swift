import Foundation
import Threadline

/// What is done with a connection.
private struct Plan<Sent: _Value> {
    let send: [Sent]
    let audio: Data?
    var on: [(event: String?, send: [Sent])]
    let until: String?
    let close: CloseFrame

    init(_ a: Arguments) throws {
        send = try (a.take("send")?.array ?? []).map { try a.typed($0) }
        audio = try a.takeText("audio").flatMap { Data(base64Encoded: $0) }
        on = try (a.take("on")?.array ?? []).map { entry in
            (entry["event"]?.string, try (entry["send"]?.array ?? []).map { try a.typed($0) })
        }
        until = try a.takeText("until")
        let frame = a.take("close")
        close = CloseFrame(code: frame?["code"]?.int ?? 1000, reason: frame?["reason"]?.string ?? "")
    }
}

extension Arguments {
    fileprivate func connecting() throws -> ConnectOptions {
        var how = ConnectOptions(request: options)
        if let policy = take("reconnect") {
            how.reconnect = ReconnectPolicy(
                maxRetries: policy["max_retries"]?.int, initialDelay: policy["initial_delay"]?.double, maxDelay: policy["max_delay"]?.double)
        }
        switch try takeText("on_reconnecting") {
        case nil: break
        case "abort": how.onReconnecting = { _ in false }
        case .some(let other): throw Usage("the argument `on_reconnecting` cannot be `\(other)`")
        }
        how.pingInterval = try takeNumber("ping_interval")
        how.pingTimeout = try takeNumber("ping_timeout")
        how.closeTimeout = try takeNumber("close_timeout")
        how.maxSize = try takeNumber("max_size").map { Int($0) }
        return how
    }

    private func shown<Received: _Value>(_ news: Incoming<Received>) -> JSON {
        switch news {
        case .event(let event): return written(event)
        case .reconnecting(let notice), .reconnected(let notice): return notice
        case .malformed(let raw, _): return ["type": "connection.malformed", "raw": .string(raw)]
        }
    }

    fileprivate func talk<Sent: _Value, Received: _Value>(
        audio: ((SocketConnection<Sent, Received>, Data) async throws -> Void)? = nil,
        _ open: (ConnectOptions) async throws -> SocketConnection<Sent, Received>
    ) async throws -> Answer {
        var plan = try Plan<Sent>(self)
        var events: [JSON] = []
        let connection = try await open(try connecting())
        defer { connection.abandon() }
        var error: ThreadlineError?
        var closed: JSON = nil
        do {
            for event in plan.send { try await connection.send(event) }
            if let bytes = plan.audio { try await audio?(connection, bytes) }
        } catch let failed as ThreadlineError {
            error = failed
        }
        do {
            // A failure to send is the reader's news too, which says more.
            if error != nil || maxEvents > 0 {
                for try await news in connection.incoming where error == nil {
                    let event = shown(news)
                    events.append(event)
                    let kind = event["type"]?.string
                    if let place = plan.on.firstIndex(where: { $0.event == kind }) {
                        for event in plan.on.remove(at: place).send { try await connection.send(event) }
                    }
                    if events.count >= maxEvents || (kind != nil && kind == plan.until) { break }
                }
            }
            if error == nil {
                let frame = try await connection.close(plan.close)
                closed = ["code": .number(JSONNumber(frame.code)), "reason": .string(frame.reason)]
            }
        } catch let failed as ThreadlineError {
            error = failed
        }
        return Answer(("events", .array(events)), ("value", closed), ("error", error.map { Answer.record($0) } ?? .null))
    }

    fileprivate func requiredText(_ name: String) throws -> String {
        guard let text = try takeText(name) else { throw Usage("the argument `\(name)` must be a text") }
        return text
    }
}

extension Helpers {
    /// A row of a connection, with arguments of its address.
    private func connection(
        _ id: String, _ required: String, _ address: String, _ run: @escaping @Sendable (Client, Arguments) async throws -> Answer
    ) -> Row {
        let own = "send,audio,on,until,close,reconnect,on_reconnecting,ping_interval,ping_timeout,close_timeout,max_size"
        return Row(id, "", required, address.isEmpty ? own : "\(address),\(own)", nil, run)
    }

    func sockets(_ rows: inout [Row]) {
        rows.append(connection("realtime.connect", "", "model,call_id,intent") { c, a in
            let (model, call, intent) = (try a.takeText("model"), try a.takeText("call_id"), try a.takeText("intent"))
            return try await a.talk(audio: { try await $0.append(audio: $1) }) { how in
                switch (model, call, intent) {
                case (let model?, nil, nil): return try await c.realtime.connect(model: model, how: how)
                case (nil, let call?, nil): return try await c.realtime.connect(callId: call, how: how)
                case (nil, nil, "transcription"?): return try await c.realtime.connectTranscription(how: how)
                default: throw Usage("needs one of `model`, `call_id`, and `intent` with the value `transcription`")
                }
            }
        })
        rows.append(connection("beta.realtime.connect", "model", "") { c, a in
            let model = try a.requiredText("model")
            return try await a.talk(audio: { try await $0.append(audio: $1) }) { try await c.beta.realtime.connect(model: model, how: $0) }
        })
        rows.append(connection("realtime.translations.connect", "model", "") { c, a in
            let model = try a.requiredText("model")
            return try await a.talk { try await c.realtime.translations.connect(model: model, how: $0) }
        })
        rows.append(connection("live.connect", "", "") { c, a in try await a.talk { try await c.live.connect(how: $0) } })
        rows.append(connection("live.sideband.connect", "session_id", "graceful_close") { c, a in
            let (session, graceful) = (try a.requiredText("session_id"), try a.takeFlag("graceful_close"))
            return try await a.talk { try await c.live.connectSideband(sessionId: session, gracefulClose: graceful, how: $0) }
        })
        rows.append(connection("live.forks.connect", "session_id", "") { c, a in
            let session = try a.requiredText("session_id")
            return try await a.talk { try await c.live.connectFork(sessionId: session, how: $0) }
        })
        rows.append(connection("responses.connect", "", "") { c, a in try await a.talk { try await c.responses.connect(how: $0) } })
        rows.append(connection("beta.responses.connect", "", "") { c, a in try await a.talk { try await c.beta.responses.connect(how: $0) } })
        let own = "concurrent,idle_time,max_age,max_connections"
        rows.append(Row("responses.ws_pool", "", "create", own, nil) { c, a in try await Helpers.pool(c, a) })
    }

    /// Events of one response, and what went wrong.
    private static func one(_ pool: ResponsesPool, _ params: ResponseCreateParams, _ a: Arguments) async throws -> ([JSON], ThreadlineError?) {
        var events: [JSON] = []
        do {
            for try await event in try await pool.create(params) {
                events.append(a.written(event))
                if events.count >= a.maxEvents { break }
            }
        } catch let failed as ThreadlineError {
            return (events, failed)
        }
        return (events, nil)
    }

    private static func pool(_ c: Client, _ a: Arguments) async throws -> Answer {
        let create: [ResponseCreateParams] = try (a.take("create")?.array ?? []).map { try a.typed($0) }
        let concurrent = try a.takeFlag("concurrent") ?? false
        let pool = try c.responses.pool(
            maxConnections: try a.takeNumber("max_connections").map { Int($0) }, idleTime: try a.takeNumber("idle_time"),
            maxAge: try a.takeNumber("max_age"), options: a.options)
        var outcomes: [([JSON], ThreadlineError?)] = []
        if concurrent {
            let tasks = create.map { params in Task { try await one(pool, params, a) } }
            for task in tasks { outcomes.append(try await task.value) }
        } else {
            for params in create { outcomes.append(try await one(pool, params, a)) }
        }
        let told: [JSON] = outcomes.map { events, error in
            ["events": .number(JSONNumber(events.count)), "error": error.map { Answer.record($0) } ?? .null]
        }
        let value: JSON = ["opened": .number(JSONNumber(pool.opened)), "responses": .array(told)]
        return Answer(("events", .array(outcomes.flatMap { $0.0 })), ("value", value), ("error", nil))
    }
}

import Foundation
import ThreadlineFFI

/// A function of an agent failed; the model is told only that it did.
public struct AgentToolFailure: Sendable {
    /// The function.
    public let name: String
    /// The turn that it was called in.
    public let turnID: String?
    /// The call.
    public let callID: String?
    /// What its error said.
    public let message: String
}

/// What a turn of an agent came to.
public struct AgentTurnResult: Sendable {
    /// All of it: `turn`, `messages`, `output_text`.
    public let json: JSONObject

    /// The turn.
    public var turn: AgentSessionTurn { json.req("turn") }
    /// Its messages.
    public var messages: [AgentSessionMessage] { json.req("messages") }
    /// The text of its messages.
    public var outputText: String { json.req("output_text") }
}

/// A turn of a session. Its input is sent when the loop over it begins, or when its ``result(_:)`` is asked for; once only: another loop over
/// its events fails with ``ThreadlineError/usage(_:)``. When the loop is left or its task cancelled, the connection is closed; the session goes on.
public struct AgentTurn: AsyncSequence, Sendable {
    public typealias Element = AgentSessionEvent

    fileprivate let onToolError: (@Sendable (AgentToolFailure) -> Void)?
    fileprivate let open: @Sendable () throws -> Conductor
    fileprivate let state = State()

    /// Follows the turn to its end, with `each` for its events, and gives what it came to. Behind a loop that has read all events it gives
    /// what they came to, and so it does when it is asked again; `each` hears nothing then.
    ///
    /// - Throws: ``ThreadlineError/usage(_:)`` if the events are being read elsewhere, or were not read to their end.
    @discardableResult
    public func result(_ each: (AgentSessionEvent) async throws -> Void = { _ in }) async throws -> AgentTurnResult {
        if let result = state.result { return result }
        var events = Iterator(turn: self, ended: state.takeEnded())
        while let event = try await events.next() { try await each(event) }
        let result = try await events.result()
        state.result = result
        return result
    }

    public func makeAsyncIterator() -> Iterator { Iterator(turn: self, ended: nil) }

    /// How far a turn is, for all its copies.
    fileprivate final class State: @unchecked Sendable {
        private let lock = NSLock()
        private var isSent = false
        private var ended: News?
        private var outcome: AgentTurnResult?

        /// Sends the turn, unless it has been sent.
        func begin(_ open: () throws -> Conductor) throws -> News {
            try lock.withLock {
                if isSent {
                    throw ThreadlineError.of(
                        "usage", "the turn has been sent already: its events are read once, to their end before its result is asked for")
                }
                let news = News(try open())
                isSent = true
                return news
            }
        }

        /// Keeps what the result can be asked of, now that all events have been read.
        func end(_ news: News?) { lock.withLock { ended = news } }

        func takeEnded() -> News? {
            lock.withLock {
                defer { ended = nil }
                return ended
            }
        }

        var result: AgentTurnResult? {
            get { lock.withLock { outcome } }
            set { lock.withLock { outcome = newValue } }
        }
    }

    /// Reads events.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let turn: AgentTurn
        private var news: News?
        private var isOver: Bool
        private var done: JSONObject?

        /// Reads a turn's events, or, of news of which all events have been read, the result.
        fileprivate init(turn: AgentTurn, ended: News?) {
            self.turn = turn
            news = ended
            isOver = ended != nil
        }

        public mutating func next() async throws -> AgentSessionEvent? {
            if isOver { return nil }
            if news == nil { news = try turn.state.begin(turn.open) }
            if let event = try await read() { return event }
            isOver = true
            turn.state.end(news)
            return nil
        }

        private mutating func read() async throws -> AgentSessionEvent? {
            while let told = try await news?.next() {
                switch told["type"]?.string {
                case "event": return try Calls.typed(told["event"] ?? .null, nil)
                case "tool_error": hear(told)
                case "done":
                    done = told.object
                    return nil
                default: break
                }
            }
            return nil
        }

        /// What the turn came to, once its events are over.
        fileprivate mutating func result() async throws -> AgentTurnResult {
            if done == nil {
                news?.conductor.run.finish()
                _ = try await read()
            }
            turn.state.end(nil)
            guard var json = done else { throw ThreadlineError.of("stream_ended", "the turn ended without a result") }
            json["type"] = nil
            return AgentTurnResult(json: json)
        }

        private func hear(_ told: JSON) {
            let call = told["call"]
            turn.onToolError?(
                AgentToolFailure(
                    name: call?["name"]?.string ?? "", turnID: call?["turn_id"]?.string, callID: call?["call_id"]?.string,
                    message: told["message"]?.string ?? ""))
        }
    }
}

extension BetaAgentsSessionsResource {
    /// Sends a text to an idle session and follows the turn that it begins. `functions` are those that the agent may call.
    public func stream(
        sessionId: String, input: String, functions: [ToolFunction] = [], onToolError: (@Sendable (AgentToolFailure) -> Void)? = nil,
        options: RequestOptions? = nil
    ) -> AgentTurn {
        stream(sessionId: sessionId, messages: .string(input), functions: functions, onToolError: onToolError, options: options)
    }

    /// As ``stream(sessionId:input:functions:onToolError:options:)``, with a list of messages as JSON.
    public func stream(
        sessionId: String, messages: JSON, functions: [ToolFunction] = [], onToolError: (@Sendable (AgentToolFailure) -> Void)? = nil,
        options: RequestOptions? = nil
    ) -> AgentTurn {
        let native = _calls.native
        return AgentTurn(onToolError: onToolError) {
            let run = try Calls.now {
                try native.agentTurn(
                    sessionId: sessionId, input: messages.text, functions: Conductor.text(functions), options: options?.text ?? "")
            }
            return Conductor(run, functions)
        }
    }
}

extension Calls {
    fileprivate func agentFiles<T: _Value>(_ name: String, _ arguments: JSONObject, _ options: RequestOptions?) async throws -> T {
        let native = self.native
        let made = try await Calls.wait { handle in
            try await native.agentFiles(name: name, arguments: JSON.object(arguments).text, options: options?.text ?? "", cancel: handle)
        }
        return try Calls.decoded(Data(made.utf8), nil)
    }
}

/// Files that were uploaded for an environment.
public struct PreparedAgentFiles: Sendable {
    /// Both members: `files`, `uploaded_file_ids`.
    public let json: JSONObject

    /// What `files` of an environment takes.
    public var files: [HostedEnvironmentFileParam] { json.req("files") }
    /// Ids of the uploaded files.
    public var uploadedFileIDs: [String] { json.req("uploaded_file_ids") }
}

/// A file that was put into an environment.
public struct StagedAgentFile: Sendable {
    /// Both members: `uploaded_file_id`, `file`.
    public let json: JSONObject

    /// Id of the uploaded file.
    public var uploadedFileID: String { json.req("uploaded_file_id") }
    /// The file in the environment.
    public var file: EnvironmentFile { json.req("file") }
}

extension BetaAgentsEnvironmentsFilesResource {
    /// Uploads files for an environment that is to be made: files on disk by their places in it.
    public func prepare(_ files: [String: URL], options: RequestOptions? = nil) async throws -> PreparedAgentFiles {
        let made: JSON = try await _calls.agentFiles("prepare", ["files": files.mapValues { $0.path }._json()], options)
        return PreparedAgentFiles(json: made.object ?? JSONObject())
    }

    /// Uploads the files of a folder that fit one of these patterns.
    public func prepareDirectory(
        _ root: URL, destination: String, include: [String], options: RequestOptions? = nil
    ) async throws -> PreparedAgentFiles {
        let arguments: JSONObject = ["root": .string(root.path), "destination": .string(destination), "include": include._json()]
        let made: JSON = try await _calls.agentFiles("prepare_directory", arguments, options)
        return PreparedAgentFiles(json: made.object ?? JSONObject())
    }

    /// Uploads a file and puts it at this place of an environment.
    public func upload(
        environmentId: String, file: FileUpload, path: String, options: RequestOptions? = nil
    ) async throws -> StagedAgentFile {
        let native = _calls.native
        let made = try await Calls.wait { handle in
            try await native.agentUpload(
                environmentId: environmentId, file: file.native, path: path, options: options?.text ?? "", cancel: handle)
        }
        let json: JSON = try Calls.decoded(Data(made.utf8), nil)
        return StagedAgentFile(json: json.object ?? JSONObject())
    }
}

extension BetaAgentsSessionsArtifactsResource {
    /// Finds the artifact of a turn by its path, and saves it where `to` says so.
    public func forTurn(
        sessionId: String, turnId: String, path: String, to target: URL? = nil, options: RequestOptions? = nil
    ) async throws -> SessionArtifact {
        var arguments: JSONObject = ["session_id": .string(sessionId), "turn_id": .string(turnId), "path": .string(path)]
        arguments["to"] = target.map { .string($0.path) }
        return try await _calls.agentFiles("artifact", arguments, options)
    }
}

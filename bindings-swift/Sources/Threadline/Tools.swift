import Foundation
import ThreadlineFFI

/// A function that a model may call. Several may be at work at once. What it returns is told to the model: a text as it is, anything else as
/// JSON. An error that it throws is told to the model by its text; of a ``ToolFailure`` without one it hears only that there was one.
public struct ToolFunction: Sendable {
    /// The name that the model sees.
    public let name: String
    let members: JSONObject
    let run: @Sendable (String) async throws -> JSON

    private init(
        _ name: String, _ description: String?, schema: JSON?, strict: Bool, custom: Bool, _ run: @escaping @Sendable (String) async throws -> JSON
    ) {
        self.name = name
        self.run = run
        var members: JSONObject = ["name": .string(name), "strict": .bool(strict), "custom": .bool(custom)]
        members["description"] = description.map { .string($0) }
        members["schema"] = schema
        self.members = members
    }

    /// A function whose arguments are a type, whose schema is made of the type.
    ///
    /// - Throws: ``ThreadlineError/usage(_:)`` if the type does not say what it is made of.
    public init<Arguments: Decodable & Sendable, Output: Encodable & Sendable>(
        _ name: String, description: String? = nil, run: @escaping @Sendable (Arguments) async throws -> Output
    ) throws {
        let schema = try OutputSchema(of: Arguments.self).schema
        self.init(name, description, schema: schema, strict: true, custom: false) { text in
            try told(try await run(try Calls.read(Arguments.self, Data(text.utf8))))
        }
    }

    /// A function whose arguments have a JSON schema; any object, where there is none. With `strict` the schema is brought into its strict form.
    public init<Output: Encodable & Sendable>(
        _ name: String, description: String? = nil, schema: JSON?, strict: Bool = false, run: @escaping @Sendable (JSON) async throws -> Output
    ) {
        self.init(name, description, schema: schema, strict: strict, custom: false) { text in
            try told(try await run(try JSON(parsing: text)))
        }
    }

    /// A custom tool, whose input is any text.
    public static func custom<Output: Encodable & Sendable>(
        _ name: String, description: String? = nil, run: @escaping @Sendable (String) async throws -> Output
    ) -> ToolFunction {
        ToolFunction(name, description, schema: nil, strict: false, custom: true) { text in try told(try await run(text)) }
    }
}

/// What a function returned, as JSON.
private func told<Output: Encodable>(_ output: Output) throws -> JSON {
    if let value = output as? any _Value { return value._json() }
    let encoder = JSONEncoder()
    encoder.dateEncodingStrategy = .iso8601
    return try JSON(parsing: try encoder.encode(output))
}

/// Thrown by a function: what the model is to hear of it.
public struct ToolFailure: Error, Sendable, CustomStringConvertible {
    /// The words; without them the model hears only that the function failed.
    public let message: String?

    /// A failure, in words for the model.
    public init(_ message: String? = nil) {
        self.message = message
    }

    public var description: String { message ?? "the function failed" }
}

/// A call that a model asks for.
public struct ToolCall: Sendable, Hashable {
    /// Its id.
    public let id: String
    /// The function.
    public let name: String
    /// The arguments, a JSON text; of a custom tool its input.
    public let arguments: String
    /// Whether it is a custom tool.
    public let isCustom: Bool

    init(_ json: JSON) {
        id = json["id"]?.string ?? ""
        name = json["name"]?.string ?? ""
        arguments = json["arguments"]?.string ?? ""
        isCustom = json["custom"]?.bool ?? false
    }
}

/// What is decided about a call before it is made.
public enum ToolDecision: Sendable {
    /// It is made.
    case call
    /// It is not made; the model is given this text instead.
    case answer(String)
    /// The run ends with ``ThreadlineError/tool(_:)``.
    case abort(String)
}

/// How tools are run.
public struct ToolRunOptions: Sendable {
    /// How many replies the run may take; then ``ThreadlineError/stepLimit(_:)``. Default 10.
    public var maxSteps: Int?
    /// Whether a function that fails ends the run with ``ThreadlineError/tool(_:)``. By default the model is told.
    public var abortOnError = false
    /// Whether the calls of one reply are made at once.
    public var parallel = true
    /// Whether `tool_choice` stays as it was after the first reply; otherwise the model is free then.
    public var keepToolChoice = false
    /// Responses: whether each refers to the one before, in place of sending everything again.
    public var chained = false
    /// Runs of assistants: seconds between two looks.
    public var pollInterval: TimeInterval?
    /// Decides about each call before it is made. An error that it throws ends the run with ``ThreadlineError/tool(_:)``.
    public var beforeCall: (@Sendable (ToolCall) async throws -> ToolDecision)?
    /// Is told each message that is added to the conversation.
    public var onMessage: (@Sendable (JSON) -> Void)?

    /// The library's own choices.
    public init(
        maxSteps: Int? = nil, beforeCall: (@Sendable (ToolCall) async throws -> ToolDecision)? = nil,
        onMessage: (@Sendable (JSON) -> Void)? = nil
    ) {
        self.maxSteps = maxSteps
        self.beforeCall = beforeCall
        self.onMessage = onMessage
    }

    func text(stream: Bool) -> String {
        var out = JSONObject()
        out.add("max_steps", maxSteps)
        out.add("poll_interval_s", seconds(pollInterval))
        if abortOnError { out.add("on_error", "abort") }
        out.add("parallel", parallel)
        out.add("keep_tool_choice", keepToolChoice)
        out.add("chained", chained)
        out.add("before_call", beforeCall != nil)
        out.add("messages", onMessage != nil)
        out.add("stream", stream)
        return JSON.object(out).text
    }
}

/// What a run of tools came to.
public struct ToolRunResult<Reply: Sendable>: Sendable {
    /// The last reply.
    public let reply: Reply
    /// Its `x-request-id`.
    public let requestID: String?
    /// All that was done: `steps`, `messages`, `usage`.
    public let transcript: JSON
}

/// What happens in a streamed run of tools.
public enum ToolEvent<Reply: Sendable>: Sendable {
    /// An event of a reply, as the accumulated stream has it.
    case event(StreamEvent)
    /// A reply is whole, and asks for these calls.
    case calls([ToolCall])
    /// A call was answered: `id`, `name`, `arguments`, `outcome`, `output`.
    case result(JSON)
    /// The last.
    case done(ToolRunResult<Reply>)
}

/// A run of tools as it happens. It begins with the loop over it, anew with each loop; when the loop is left or its task cancelled, the run
/// ends, its connection is closed, and functions that are at work are cancelled.
public struct ToolRunSequence<Reply: _Value>: AsyncSequence, Sendable {
    public typealias Element = ToolEvent<Reply>

    let onMessage: (@Sendable (JSON) -> Void)?
    let open: @Sendable () throws -> Conductor

    /// Reads the run to its end.
    public func result(_ each: (ToolEvent<Reply>) async throws -> Void = { _ in }) async throws -> ToolRunResult<Reply> {
        var result: ToolRunResult<Reply>?
        for try await event in self {
            try await each(event)
            if case .done(let done) = event { result = done }
        }
        guard let result else { throw ThreadlineError.of("stream_ended", "the run ended without a result") }
        return result
    }

    public func makeAsyncIterator() -> Iterator { Iterator(run: self) }

    /// Reads what happens.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let run: ToolRunSequence
        private var news: News?
        private var isDone = false

        fileprivate init(run: ToolRunSequence) {
            self.run = run
        }

        public mutating func next() async throws -> ToolEvent<Reply>? {
            if isDone { return nil }
            if news == nil { news = News(try run.open()) }
            while let told = try await news?.next() {
                switch told["type"]?.string {
                case "event": return .event(StreamEvent(json: told["event"]?.object ?? JSONObject()))
                case "tool_calls": return .calls((told["calls"]?.array ?? []).map { ToolCall($0) })
                case "tool_result": return .result(told["result"] ?? .null)
                case "message": run.onMessage?(told["message"] ?? .null)
                case "done":
                    isDone = true
                    let reply: Reply = try Calls.typed(told["reply"] ?? .null, nil)
                    return .done(ToolRunResult(reply: reply, requestID: told["request_id"]?.string, transcript: told["transcript"] ?? .null))
                default: break
                }
            }
            throw ThreadlineError.of("stream_ended", "the run ended without a result")
        }
    }
}

extension Calls {
    fileprivate func tools<Reply: _Value>(
        _ api: String, _ path: [String], _ params: JSONObject, _ functions: [ToolFunction], _ how: ToolRunOptions, _ options: RequestOptions?,
        stream: Bool
    ) -> ToolRunSequence<Reply> {
        let (native, sent) = (self.native, Sent(params))
        return ToolRunSequence(onMessage: how.onMessage) {
            let run = try Calls.now {
                try native.runTools(
                    api: api, path: path, fields: sent.fields, functions: Conductor.text(functions), settings: how.text(stream: stream),
                    options: options?.text ?? "")
            }
            return Conductor(run, functions, how.beforeCall)
        }
    }
}

extension ChatCompletionsResource {
    /// Asks the model, makes the calls that it asks for, tells it what they gave, and so on until it answers. Functions that `params` does not
    /// declare among its tools are declared.
    public func runTools(
        _ params: ChatCompletionCreateParams, functions: [ToolFunction], how: ToolRunOptions = ToolRunOptions(), options: RequestOptions? = nil
    ) async throws -> ToolRunResult<ChatCompletion> {
        try await _calls.tools("chat", [], params.json, functions, how, options, stream: false).result()
    }

    /// As ``runTools(_:functions:how:options:)``, with everything that happens as it happens.
    public func streamTools(
        _ params: ChatCompletionCreateParams, functions: [ToolFunction], how: ToolRunOptions = ToolRunOptions(), options: RequestOptions? = nil
    ) -> ToolRunSequence<ChatCompletion> {
        _calls.tools("chat", [], params.json, functions, how, options, stream: true)
    }
}

extension ResponsesResource {
    /// Asks the model, makes the calls that it asks for, tells it what they gave, and so on until it answers. Functions that `params` does not
    /// declare among its tools are declared.
    public func runTools(
        _ params: ResponseCreateParams, functions: [ToolFunction], how: ToolRunOptions = ToolRunOptions(), options: RequestOptions? = nil
    ) async throws -> ToolRunResult<Response> {
        try await _calls.tools("responses", [], params.json, functions, how, options, stream: false).result()
    }

    /// As ``runTools(_:functions:how:options:)``, with everything that happens as it happens.
    public func streamTools(
        _ params: ResponseCreateParams, functions: [ToolFunction], how: ToolRunOptions = ToolRunOptions(), options: RequestOptions? = nil
    ) -> ToolRunSequence<Response> {
        _calls.tools("responses", [], params.json, functions, how, options, stream: true)
    }
}

extension BetaThreadsRunsResource {
    /// Makes a run of an assistant and performs the functions that it asks for, until it has ended.
    public func runTools(
        threadId: String, _ params: RunCreateParams, functions: [ToolFunction], how: ToolRunOptions = ToolRunOptions(),
        options: RequestOptions? = nil
    ) async throws -> ToolRunResult<Run> {
        try await _calls.tools("runs", [threadId], params.json, functions, how, options, stream: false).result()
    }

    /// As ``runTools(threadId:_:functions:how:options:)``, with everything that happens as it happens.
    public func streamTools(
        threadId: String, _ params: RunCreateParams, functions: [ToolFunction], how: ToolRunOptions = ToolRunOptions(),
        options: RequestOptions? = nil
    ) -> ToolRunSequence<Run> {
        _calls.tools("runs", [threadId], params.json, functions, how, options, stream: true)
    }
}

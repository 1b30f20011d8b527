import Foundation
import ThreadlineFFI

/// An event of a stream that is put together. `docs/guide/streaming-helpers.md` lists the types and their members.
public struct StreamEvent: Sendable, CustomStringConvertible {
    /// All members.
    public let json: JSONObject

    /// Its name: `content.delta`, `text_created` …
    public var type: String { json["type"]?.string ?? "" }

    /// Which of the answers it belongs to, where `n` asked for several.
    public var choice: Int { json["choice"]?.int ?? 0 }

    /// The piece of text that it brings, if it brings one of the answer's text.
    public var textDelta: String? {
        switch type {
        case "content.delta", "text.delta", "response.output_text.delta": return json["delta"]?.string
        case "text_delta": return json["delta"]?["value"]?.string
        default: return nil
        }
    }

    /// A member by its name.
    public subscript(name: String) -> JSON? { json[name] }

    /// A member as one of the API's types: `event.member("message", as: ThreadMessage.self)`.
    public func member<T: _Value>(_ name: String, as type: T.Type) -> T? { json[name].flatMap { T._read($0) } }

    public var description: String { JSON.object(json).text }
}

/// A stream put together: events of a higher level, and the object that they come to. It is read once; when the loop over it ends, the
/// connection is closed. A stream that breaks off fails with ``ThreadlineError/streamEnded(_:)``, whose `partial` has what had come.
///
/// ```swift
/// let completion = try await client.chat.completions.stream(params).result { event in
///     if let text = event.textDelta { print(text, terminator: "") }
/// }
/// ```
public final class AccumulatedStream<Final: _Value>: AsyncSequence, Sendable {
    public typealias Element = StreamEvent

    /// Status and headers of the reply.
    public let head: ReplyHead
    private let native: ThreadlineFFI.AccumulatedStream

    fileprivate init(_ native: ThreadlineFFI.AccumulatedStream) {
        self.native = native
        head = ReplyHead(native.head())
    }

    deinit { native.shut() }

    /// What the events have come to so far. It waits while a batch of events is read.
    public func snapshot() async throws -> Final {
        let native = self.native
        return try Calls.decoded(Data(try await Calls.wait { _ in try await native.snapshot() }.utf8), head)
    }

    /// Reads what is left, with `each` for its events, and gives the object that all of them come to.
    @discardableResult
    public func result(_ each: (StreamEvent) async throws -> Void = { _ in }) async throws -> Final {
        for try await event in self { try await each(event) }
        return try await snapshot()
    }

    /// Reads events as long as `each` says so, and gives what they have come to by then. The connection is closed.
    @discardableResult
    public func until(_ each: (StreamEvent) async throws -> Bool) async throws -> Final {
        for try await event in self where try await !each(event) { break }
        return try await snapshot()
    }

    /// Closes the connection.
    public func close() { native.shut() }

    public func makeAsyncIterator() -> Iterator { Iterator(closing: Closing(self)) }

    /// Closes the connection when the loop is left.
    fileprivate final class Closing: Sendable {
        let stream: AccumulatedStream

        init(_ stream: AccumulatedStream) {
            self.stream = stream
        }

        deinit { stream.native.shut() }
    }

    /// Reads events in batches: all that have arrived cross at once.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let closing: Closing
        private var batch: [JSON] = []
        private var at = 0

        fileprivate init(closing: Closing) {
            self.closing = closing
        }

        public mutating func next() async throws -> StreamEvent? {
            while at == batch.count {
                let stream = closing.stream
                guard let bytes = try await Calls.wait({ try await stream.native.nextBatch(cancel: $0) }) else { return nil }
                batch = try Calls.tree(bytes, stream.head).array ?? []
                at = 0
            }
            at += 1
            return StreamEvent(json: batch[at - 1].object ?? JSONObject())
        }
    }
}

extension Calls {
    fileprivate func accumulated<Final: _Value>(
        _ operation: String, _ path: [String], _ params: JSONObject, _ options: RequestOptions?
    ) async throws -> AccumulatedStream<Final> {
        let (native, sent) = (self.native, Sent(params))
        let stream = try await Calls.wait { handle in
            try await native.accumulate(operation: operation, path: path, fields: sent.fields, options: options?.text ?? "", cancel: handle)
        }
        let made = AccumulatedStream<Final>(stream)
        options?.onReply?(made.head)
        return made
    }
}

/// What a streamed run has come to.
public struct AccumulatedRun: Sendable, _Value {
    /// All members: `run`, `messages`, `run_steps`, and `thread` where the stream has made it.
    public let json: JSONObject

    /// The run.
    public var run: Run? { json.opt("run") }
    /// Its messages.
    public var messages: [ThreadMessage] { json.req("messages") }
    /// Its steps.
    public var runSteps: [RunStep] { json.req("run_steps") }
    /// The thread, where the stream has made it.
    public var thread: Thread? { json.opt("thread") }

    public static func _read(_ json: JSON) -> AccumulatedRun? { json.object.map { AccumulatedRun(json: $0) } }
    public static var _blank: AccumulatedRun { AccumulatedRun(json: JSONObject()) }
    public func _json() -> JSON { .object(json) }
}

/// Hears the events of a streamed run by kind. Each method may be left out.
public protocol RunEventHandler {
    /// Every event as it came, before those that it makes.
    func onEvent(_ event: JSON) async throws
    /// A message begins.
    func onMessageCreated(_ message: ThreadMessage) async throws
    /// A message is whole.
    func onMessageDone(_ message: ThreadMessage) async throws
    /// A text begins.
    func onTextCreated(_ text: JSON) async throws
    /// A piece of text, and the text so far.
    func onTextDelta(_ delta: String, snapshot: JSON) async throws
    /// A text is whole.
    func onTextDone(_ text: JSON) async throws
    /// An image is there.
    func onImageFileDone(_ image: JSON) async throws
    /// A step begins.
    func onRunStepCreated(_ step: RunStep) async throws
    /// A step is done.
    func onRunStepDone(_ step: RunStep) async throws
    /// A call of a tool begins.
    func onToolCallCreated(_ call: JSON) async throws
    /// A piece of a call, and the call so far.
    func onToolCallDelta(_ delta: JSON, snapshot: JSON) async throws
    /// A call of a tool is whole.
    func onToolCallDone(_ call: JSON) async throws
}

extension RunEventHandler {
    public func onEvent(_ event: JSON) async throws {}
    public func onMessageCreated(_ message: ThreadMessage) async throws {}
    public func onMessageDone(_ message: ThreadMessage) async throws {}
    public func onTextCreated(_ text: JSON) async throws {}
    public func onTextDelta(_ delta: String, snapshot: JSON) async throws {}
    public func onTextDone(_ text: JSON) async throws {}
    public func onImageFileDone(_ image: JSON) async throws {}
    public func onRunStepCreated(_ step: RunStep) async throws {}
    public func onRunStepDone(_ step: RunStep) async throws {}
    public func onToolCallCreated(_ call: JSON) async throws {}
    public func onToolCallDelta(_ delta: JSON, snapshot: JSON) async throws {}
    public func onToolCallDone(_ call: JSON) async throws {}

    fileprivate func hear(_ event: StreamEvent) async throws {
        func part(_ name: String) -> JSON { event[name] ?? .null }
        switch event.type {
        case "event": try await onEvent(part("event"))
        case "message_created": try await onMessageCreated(ThreadMessage(json: part("message").object ?? JSONObject()))
        case "message_done": try await onMessageDone(ThreadMessage(json: part("message").object ?? JSONObject()))
        case "text_created": try await onTextCreated(part("text"))
        case "text_delta": try await onTextDelta(event.textDelta ?? "", snapshot: part("snapshot"))
        case "text_done": try await onTextDone(part("text"))
        case "image_file_done": try await onImageFileDone(part("image_file"))
        case "run_step_created": try await onRunStepCreated(RunStep(json: part("run_step").object ?? JSONObject()))
        case "run_step_done": try await onRunStepDone(RunStep(json: part("run_step").object ?? JSONObject()))
        case "tool_call_created": try await onToolCallCreated(part("tool_call"))
        case "tool_call_delta": try await onToolCallDelta(part("delta"), snapshot: part("snapshot"))
        case "tool_call_done": try await onToolCallDone(part("tool_call"))
        default: break
        }
    }
}

extension AccumulatedStream where Final == AccumulatedRun {
    /// Reads the stream to its end, with a handler for its events, and gives what the run came to.
    @discardableResult
    public func result(handler: some RunEventHandler) async throws -> AccumulatedRun {
        try await result { try await handler.hear($0) }
    }
}

extension ChatCompletionsResource {
    /// Creates a completion, puts its chunks together as they come.
    public func stream(
        _ params: ChatCompletionCreateParams, options: RequestOptions? = nil
    ) async throws -> AccumulatedStream<ChatCompletion> {
        try await _calls.accumulated("chat.completions.create", [], params.json, options)
    }
}

extension CompletionsResource {
    /// Creates a completion of the older kind, puts its chunks together as they come.
    public func stream(_ params: CompletionCreateParams, options: RequestOptions? = nil) async throws -> AccumulatedStream<Completion> {
        try await _calls.accumulated("completions.create", [], params.json, options)
    }
}

extension ResponsesResource {
    /// Creates a response, puts its events together as they come.
    public func stream(_ params: ResponseCreateParams, options: RequestOptions? = nil) async throws -> AccumulatedStream<Response> {
        try await _calls.accumulated("responses.create", [], params.json, options)
    }

    /// Follows a response that exists. With `startingAfter`, earlier events are read and not handed out.
    public func streamExisting(
        responseId: String, _ params: ResponseRetrieveParams = ResponseRetrieveParams(), options: RequestOptions? = nil
    ) async throws -> AccumulatedStream<Response> {
        try await _calls.accumulated("responses.retrieve", [responseId], params.json, options)
    }
}

extension BetaThreadsRunsResource {
    /// Creates a run, puts its events together as they come.
    public func stream(
        threadId: String, _ params: RunCreateParams, options: RequestOptions? = nil
    ) async throws -> AccumulatedStream<AccumulatedRun> {
        try await _calls.accumulated("beta.threads.runs.create", [threadId], params.json, options)
    }

    /// Hands in what tools gave, puts the events of the run together as they come.
    public func accumulateToolOutputs(
        threadId: String, runId: String, _ params: RunSubmitToolOutputsParams, options: RequestOptions? = nil
    ) async throws -> AccumulatedStream<AccumulatedRun> {
        let operation = "beta.threads.runs.submit_tool_outputs"
        return try await _calls.accumulated(operation, [threadId, runId], params.json, options)
    }
}

extension BetaThreadsResource {
    /// Creates a thread and a run on it, puts the run's events together as they come.
    public func accumulateRun(
        _ params: ThreadCreateAndRunParams, options: RequestOptions? = nil
    ) async throws -> AccumulatedStream<AccumulatedRun> {
        try await _calls.accumulated("beta.threads.create_and_run", [], params.json, options)
    }
}

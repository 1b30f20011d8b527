import Foundation
import ThreadlineFFI

/// How often a thing is looked at while the provider works on it, and for how long. What is left `nil` is the library's choice.
public struct Pace: Sendable {
    /// Seconds between two looks.
    public var interval: TimeInterval?
    /// Longest wait for the end, in seconds; then ``ThreadlineError/timeout(_:)``, whose `unfinished` names the thing.
    public var maxWait: TimeInterval?
    /// Hears each state of the thing that was seen, the last one too, as JSON. It must return at once.
    public var onUpdate: (@Sendable (JSON) -> Void)?

    /// A pace.
    public init(interval: TimeInterval? = nil, maxWait: TimeInterval? = nil, onUpdate: (@Sendable (JSON) -> Void)? = nil) {
        self.interval = interval
        self.maxWait = maxWait
        self.onUpdate = onUpdate
    }
}

/// A listener of the caller's for the native library.
private final class ForeignUpdates: UpdateListener {
    private let hear: @Sendable (JSON) -> Void

    init(_ hear: @escaping @Sendable (JSON) -> Void) {
        self.hear = hear
    }

    func updated(reply: Reply) {
        if let state = try? JSON(parsing: reply.body) { hear(state) }
    }
}

extension Calls {
    /// Makes a thing by an operation, or takes the one under `ids`, and waits until the provider has done with it.
    func poll<T: _Value>(
        _ resource: String, operation: String? = nil, _ path: [String] = [], _ sent: Sent = Sent(nil), ids: [String]? = nil,
        upload: String? = nil, _ pace: Pace, _ options: RequestOptions?
    ) async throws -> T {
        var how = JSONObject()
        how.add("resource", resource)
        how.add("operation", operation)
        how.add("upload", upload)
        how.add("ids", ids)
        how.add("interval_s", seconds(pace.interval))
        how.add("max_wait_s", seconds(pace.maxWait))
        let (native, text) = (self.native, JSON.object(how).text)
        let listener = pace.onUpdate.map { ForeignUpdates($0) }
        let reply = try await Calls.wait { handle in
            try await native.poll(
                how: text, path: path, fields: sent.fields, files: sent.files, options: options?.text ?? "", cancel: handle,
                listener: listener)
        }
        let head = ReplyHead(reply.head)
        options?.onReply?(head)
        return try Calls.decoded(reply.body, head)
    }
}

extension BetaThreadsResource {
    /// Makes a thread and a run on it, and waits until the run has ended or wants something.
    public func createAndRunPoll(_ params: ThreadCreateAndRunParams, pace: Pace = Pace(), options: RequestOptions? = nil) async throws -> Run {
        try await _calls.poll("beta.threads.runs", operation: "beta.threads.create_and_run", [], Calls.Sent(params.json), pace, options)
    }
}

extension BetaThreadsRunsResource {
    /// Makes a run and waits until it has ended or wants something.
    public func createAndPoll(
        threadId: String, _ params: RunCreateParams, pace: Pace = Pace(), options: RequestOptions? = nil
    ) async throws -> Run {
        let sent = Calls.Sent(params.json)
        return try await _calls.poll("beta.threads.runs", operation: "beta.threads.runs.create", [threadId], sent, pace, options)
    }

    /// Waits until the run has ended or wants something.
    public func poll(threadId: String, runId: String, pace: Pace = Pace(), options: RequestOptions? = nil) async throws -> Run {
        try await _calls.poll("beta.threads.runs", ids: [threadId, runId], pace, options)
    }

    /// Hands in what tools gave, and waits until the run has ended or wants more.
    public func submitToolOutputsAndPoll(
        threadId: String, runId: String, _ params: RunSubmitToolOutputsParams, pace: Pace = Pace(), options: RequestOptions? = nil
    ) async throws -> Run {
        let (operation, sent) = ("beta.threads.runs.submit_tool_outputs", Calls.Sent(params.json))
        return try await _calls.poll("beta.threads.runs", operation: operation, [threadId, runId], sent, pace, options)
    }
}

extension VectorStoresFilesResource {
    /// Adds a file and waits until it is in the store.
    public func createAndPoll(
        vectorStoreId: String, _ params: VectorStoreFileCreateParams, pace: Pace = Pace(), options: RequestOptions? = nil
    ) async throws -> VectorStoreFile {
        let sent = Calls.Sent(params.json)
        return try await _calls.poll("vector_stores.files", operation: "vector_stores.files.create", [vectorStoreId], sent, pace, options)
    }

    /// Waits until a file is in the store.
    public func poll(
        vectorStoreId: String, fileId: String, pace: Pace = Pace(), options: RequestOptions? = nil
    ) async throws -> VectorStoreFile {
        try await _calls.poll("vector_stores.files", ids: [vectorStoreId, fileId], pace, options)
    }
}

extension VectorStoresFileBatchesResource {
    /// Adds files and waits until they are in the store.
    public func createAndPoll(
        vectorStoreId: String, _ params: VectorStoreFileBatchCreateParams, pace: Pace = Pace(), options: RequestOptions? = nil
    ) async throws -> VectorStoreFileBatch {
        let (operation, sent) = ("vector_stores.file_batches.create", Calls.Sent(params.json))
        return try await _calls.poll("vector_stores.file_batches", operation: operation, [vectorStoreId], sent, pace, options)
    }

    /// Waits until a batch is in the store.
    public func poll(
        vectorStoreId: String, batchId: String, pace: Pace = Pace(), options: RequestOptions? = nil
    ) async throws -> VectorStoreFileBatch {
        try await _calls.poll("vector_stores.file_batches", ids: [vectorStoreId, batchId], pace, options)
    }
}

extension VideosResource {
    /// Asks for a video and waits for it.
    public func createAndPoll(_ params: VideoCreateParams, pace: Pace = Pace(), options: RequestOptions? = nil) async throws -> Video {
        try await _calls.poll("videos", operation: "videos.create", [], Calls.Sent(params.json), pace, options)
    }

    /// Waits for a video.
    public func poll(videoId: String, pace: Pace = Pace(), options: RequestOptions? = nil) async throws -> Video {
        try await _calls.poll("videos", ids: [videoId], pace, options)
    }
}

extension FilesResource {
    /// Waits until the provider has processed an uploaded file.
    public func waitForProcessing(fileId: String, pace: Pace = Pace(), options: RequestOptions? = nil) async throws -> FileObject {
        try await _calls.poll("files", ids: [fileId], pace, options)
    }
}

extension BatchesResource {
    /// Makes a batch and waits for its end.
    public func createAndPoll(_ params: BatchCreateParams, pace: Pace = Pace(), options: RequestOptions? = nil) async throws -> Batch {
        try await _calls.poll("batches", operation: "batches.create", [], Calls.Sent(params.json), pace, options)
    }

    /// Waits for the end of a batch.
    public func poll(batchId: String, pace: Pace = Pace(), options: RequestOptions? = nil) async throws -> Batch {
        try await _calls.poll("batches", ids: [batchId], pace, options)
    }
}

extension FineTuningJobsResource {
    /// Starts a fine-tuning and waits for its end.
    public func createAndPoll(
        _ params: FineTuningJobCreateParams, pace: Pace = Pace(), options: RequestOptions? = nil
    ) async throws -> FineTuningJob {
        try await _calls.poll("fine_tuning.jobs", operation: "fine_tuning.jobs.create", [], Calls.Sent(params.json), pace, options)
    }

    /// Waits for the end of a fine-tuning.
    public func poll(fineTuningJobId: String, pace: Pace = Pace(), options: RequestOptions? = nil) async throws -> FineTuningJob {
        try await _calls.poll("fine_tuning.jobs", ids: [fineTuningJobId], pace, options)
    }
}

extension EvalsRunsResource {
    /// Starts an evaluation run and waits for its end.
    public func createAndPoll(
        evalId: String, _ params: EvalRunCreateParams, pace: Pace = Pace(), options: RequestOptions? = nil
    ) async throws -> EvalRun {
        try await _calls.poll("evals.runs", operation: "evals.runs.create", [evalId], Calls.Sent(params.json), pace, options)
    }

    /// Waits for the end of an evaluation run.
    public func poll(evalId: String, runId: String, pace: Pace = Pace(), options: RequestOptions? = nil) async throws -> EvalRun {
        try await _calls.poll("evals.runs", ids: [evalId, runId], pace, options)
    }
}

extension ResponsesResource {
    /// Has a response made in the background and waits for it.
    public func createAndPoll(_ params: ResponseCreateParams, pace: Pace = Pace(), options: RequestOptions? = nil) async throws -> Response {
        var params = params
        params.background = params.background ?? true
        return try await _calls.poll("responses", operation: "responses.create", [], Calls.Sent(params.json), pace, options)
    }

    /// Waits for a response that is made in the background.
    public func poll(responseId: String, pace: Pace = Pace(), options: RequestOptions? = nil) async throws -> Response {
        try await _calls.poll("responses", ids: [responseId], pace, options)
    }
}

extension BetaResponsesResource {
    /// Has a response made in the background and waits for it.
    public func createAndPoll(
        _ params: BetaResponseCreateParams, pace: Pace = Pace(), options: RequestOptions? = nil
    ) async throws -> BetaResponse {
        var params = params
        params.background = params.background ?? true
        return try await _calls.poll("beta.responses", operation: "beta.responses.create", [], Calls.Sent(params.json), pace, options)
    }

    /// Waits for a response that is made in the background.
    public func poll(responseId: String, pace: Pace = Pace(), options: RequestOptions? = nil) async throws -> BetaResponse {
        try await _calls.poll("beta.responses", ids: [responseId], pace, options)
    }
}

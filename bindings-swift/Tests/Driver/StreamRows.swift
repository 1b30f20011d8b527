import Threadline

extension Arguments {
    func has(_ name: String) -> Bool { peek(name) != nil }

    /// Reads a stream that is put together, the way that the arguments ask for.
    func read<T: _Value>(_ open: () async throws -> AccumulatedStream<T>) async throws -> Answer {
        _ = take("stream")
        let to = try takeText("stream_to")
        let limit = try takeNumber("stop_after").map { Int($0) } ?? Int.max
        var events: [JSON] = []
        switch to {
        case nil, "callback", "async_callback", "channel": break
        case .some(let other): throw Usage("the argument `stream_to` cannot be `\(other)`")
        }
        let most = to == nil ? maxEvents : limit
        let stream = try await open()
        do {
            let final: T
            if to == "channel" {
                final = try await channel(stream, most, &events)
            } else {
                final = try await stream.until { event in
                    events.append(.object(event.json))
                    if to == "async_callback" { await Task.yield() }
                    return events.count < most
                }
            }
            let stopped = to == nil && events.count >= most
            return Answer(("events", .array(events)), ("value", stopped ? nil : written(final)), ("error", nil))
        } catch let failed as ThreadlineError {
            return Answer(("events", .array(events)), ("value", nil), ("error", Answer.record(failed)))
        }
    }

    /// Hands the events to another task, one at a time.
    private func channel<T: _Value>(_ stream: AccumulatedStream<T>, _ most: Int, _ events: inout [JSON]) async throws -> T {
        let (queue, sender) = AsyncStream.makeStream(of: JSON.self, bufferingPolicy: .unbounded)
        let receiver = Task { () -> [JSON] in
            var taken: [JSON] = []
            for await event in queue {
                taken.append(event)
                if taken.count >= most { break }
            }
            return taken
        }
        var sent = 0
        do {
            let final = try await stream.until { event in
                sender.yield(.object(event.json))
                sent += 1
                return sent < most
            }
            sender.finish()
            events = await receiver.value
            return final
        } catch {
            sender.finish()
            events = await receiver.value
            throw error
        }
    }
}

extension Helpers {
    func streams(_ rows: inout [Row]) {
        let own = "stream_to,stop_after,stream"
        rows.append(like("chat.completions.stream", "", "messages,model", ["chat.completions.create"], own) { c, a in
            try await a.read { try await c.chat.completions.stream(try a.params(ChatCompletionCreateParams.self), options: a.options) }
        })
        rows.append(like("completions.stream", "", "model,prompt", ["completions.create"], own) { c, a in
            try await a.read { try await c.completions.stream(try a.params(CompletionCreateParams.self), options: a.options) }
        })
        let both = ["responses.create", "responses.retrieve"]
        rows.append(like("responses.stream", "response_id", "", both, "response_id," + own) { c, a in
            if a.has("response_id") {
                return try await a.read {
                    let (id, params) = (try a.path("response_id"), try a.params(ResponseRetrieveParams.self))
                    return try await c.responses.streamExisting(responseId: id, params, options: a.options)
                }
            }
            if a.has("starting_after") { throw Usage("`starting_after` needs a `response_id`") }
            return try await a.read { try await c.responses.stream(try a.params(ResponseCreateParams.self), options: a.options) }
        })
        for name in ["stream", "create_and_stream"] {
            let required = "assistant_id,thread_id"
            rows.append(like("beta.threads.runs.\(name)", "thread_id", required, ["beta.threads.runs.create"], own) { c, a in
                try await a.read {
                    let (thread, params) = (try a.path("thread_id"), try a.params(RunCreateParams.self))
                    return try await c.beta.threads.runs.stream(threadId: thread, params, options: a.options)
                }
            })
        }
        rows.append(like("beta.threads.create_and_run_stream", "", "assistant_id", ["beta.threads.create_and_run"], own) { c, a in
            try await a.read { try await c.beta.threads.accumulateRun(try a.params(ThreadCreateAndRunParams.self), options: a.options) }
        })
        let submit = "run_id,thread_id,tool_outputs"
        rows.append(like("beta.threads.runs.submit_tool_outputs_stream", "thread_id,run_id", submit, [], own) { c, a in
            try await a.read {
                let (thread, run) = (try a.path("thread_id"), try a.path("run_id"))
                let params = try a.params(RunSubmitToolOutputsParams.self)
                return try await c.beta.threads.runs.accumulateToolOutputs(
                    threadId: thread, runId: run, params, options: a.options)
            }
        })
    }
}

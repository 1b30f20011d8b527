import Foundation
import Threadline

/// What a function of the host's does, as a case says it.
private final class Script: @unchecked Sendable {
    private let json: JSON
    private let each: [Script]?
    private let meet: Int?
    private let lock = NSLock()
    private var turn = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ json: JSON) {
        self.json = json
        each = json["$each"]?.array.map { $0.map(Script.init) }
        meet = json["$meet"]?.int
    }

    func play(_ arguments: JSON) async throws -> JSON {
        if let text = json["$error"]?.string { throw ToolFailure(text) }
        if json["$panic"] != nil { throw ToolFailure() }
        if json["$echo"] != nil { return arguments }
        if let meet {
            await arrive(meet)
            return json["value"] ?? .null
        }
        guard let each else { return json }
        let turn = lock.withLock {
            self.turn += 1
            return self.turn - 1
        }
        guard turn < each.count else { throw ToolFailure("this tool was called more often than `$each` says") }
        return try await each[turn].play(arguments)
    }

    /// Waits until so many calls are at work.
    private func arrive(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let all = lock.withLock { () -> [CheckedContinuation<Void, Never>] in
                waiting.append(continuation)
                guard waiting.count >= count else { return [] }
                defer { waiting = [] }
                return waiting
            }
            for one in all { one.resume() }
        }
    }
}

/// The arguments of a run, those of the runner taken out.
private struct Running<Tool: _Value> {
    static var own: String { "tools_results,max_steps,on_error,parallel,keep_tool_choice,chained,before_call,record,stream" }

    let a: Arguments
    let functions: [ToolFunction]
    let declared: [Tool]?
    let stream: Bool
    private let record: Bool
    private let seen = Seen()
    private(set) var how = ToolRunOptions()

    init(_ a: Arguments) throws {
        self.a = a
        var types: [String: OutputSchema] = [:]
        var schemas: [String: JSON] = [:]
        var custom: Set<String> = []
        var kept: [JSON] = []
        let scripts = a.take("tools_results")?.object?.members ?? []
        for tool in a.take("tools")?.array ?? [] {
            if let type = try Arguments.type(tool) {
                types[type.name] = type
                continue
            }
            let inner = tool["function"] ?? tool["custom"] ?? tool
            let name = inner["name"]?.string ?? ""
            if tool["type"]?.string == "custom" { custom.insert(name) } else { schemas[name] = inner["parameters"] }
            kept.append(tool)
        }
        declared = kept.isEmpty ? .none : try kept.map { try a.typed($0) }
        functions = scripts.map { member in
            let script = Script(member.value)
            if custom.contains(member.name) { return ToolFunction.custom(member.name) { try await script.play(.string($0)) } }
            let type = types[member.name]
            return ToolFunction(
                member.name, description: type?.description, schema: type?.schema ?? schemas[member.name], strict: type != nil
            ) { try await script.play($0) }
        }
        record = try a.takeFlag("record") ?? false
        stream = try a.takeFlag("stream") ?? false
        how.maxSteps = try a.takeNumber("max_steps").map { Int($0) }
        switch try a.takeText("on_error") {
        case nil, "tell": break
        case "abort": how.abortOnError = true
        case .some(let other): throw Usage("the argument `on_error` cannot be `\(other)`")
        }
        how.parallel = try a.takeFlag("parallel") ?? true
        how.keepToolChoice = try a.takeFlag("keep_tool_choice") ?? false
        how.chained = try a.takeFlag("chained") ?? false
        if let hooks = a.take("before_call") {
            how.beforeCall = { call in
                if let text = hooks[call.name]?["answer"]?.string { return .answer(text) }
                if let why = hooks[call.name]?["abort"]?.string { return .abort(why) }
                return .call
            }
        }
        if record {
            let seen = self.seen
            how.onMessage = { seen.add($0) }
        }
    }

    private func value<Reply: _Value>(_ run: ToolRunResult<Reply>) -> JSON { ["final": a.written(run.reply), "transcript": run.transcript] }

    func whole<Reply: _Value>(_ call: () async throws -> ToolRunResult<Reply>) async throws -> Answer {
        do {
            let run = try await call()
            if !record { return Answer(("value", value(run)), ("request_id", Answer.optional(run.requestID))) }
            return Answer(("events", .array(seen.all)), ("value", value(run)), ("error", nil))
        } catch let failed as ThreadlineError where record {
            return Answer(("events", .array(seen.all)), ("value", nil), ("error", Answer.record(failed)))
        }
    }

    func streamed<Reply: _Value>(_ run: ToolRunSequence<Reply>) async throws -> Answer {
        var events: [JSON] = []
        var value: JSON = nil
        do {
            for try await event in run {
                switch event {
                case .event(let event): events.append(.object(event.json))
                case .calls(let calls):
                    let list: [JSON] = calls.map { ["id": .string($0.id), "name": .string($0.name), "arguments": .string($0.arguments)] }
                    events.append(["type": "tool_calls", "calls": .array(list)])
                case .result(let result):
                    var members = result.object ?? JSONObject()
                    members["type"] = "tool_result"
                    events.append(.object(members))
                case .done(let result): value = self.value(result)
                }
                if events.count >= a.maxEvents { break }
            }
        } catch let failed as ThreadlineError {
            return Answer(("events", .array(events)), ("value", nil), ("error", Answer.record(failed)))
        }
        return Answer(("events", .array(events)), ("value", value), ("error", nil))
    }
}

extension Helpers {
    func tools(_ rows: inout [Row]) {
        let own = Running<JSON>.own
        rows.append(like("chat.completions.run_tools", "", "messages,model", ["chat.completions.create"], own) { c, a in
            let running = try Running<ChatCompletionTool>(a)
            var params = try a.params(ChatCompletionCreateParams.self)
            params.tools = running.declared
            let completions = c.chat.completions
            if running.stream {
                return try await running.streamed(
                    completions.streamTools(params, functions: running.functions, how: running.how, options: a.options))
            }
            return try await running.whole {
                try await completions.runTools(params, functions: running.functions, how: running.how, options: a.options)
            }
        })
        rows.append(like("responses.run_tools", "", "", ["responses.create"], own) { c, a in
            let running = try Running<ResponseTool>(a)
            var params = try a.params(ResponseCreateParams.self)
            params.tools = running.declared
            if running.stream {
                return try await running.streamed(
                    c.responses.streamTools(params, functions: running.functions, how: running.how, options: a.options))
            }
            return try await running.whole {
                try await c.responses.runTools(params, functions: running.functions, how: running.how, options: a.options)
            }
        })
        rows.append(like("beta.threads.runs.run_tools", "thread_id", "assistant_id,thread_id", ["beta.threads.runs.create"], own) { c, a in
            let running = try Running<AssistantTool>(a)
            let (thread, runs) = (try a.path("thread_id"), c.beta.threads.runs)
            var params = try a.params(RunCreateParams.self)
            params.tools = running.declared
            if running.stream {
                return try await running.streamed(
                    runs.streamTools(threadId: thread, params, functions: running.functions, how: running.how, options: a.options))
            }
            return try await running.whole {
                try await runs.runTools(threadId: thread, params, functions: running.functions, how: running.how, options: a.options)
            }
        })
    }
}

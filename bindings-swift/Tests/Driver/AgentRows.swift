import Foundation
import Threadline

extension Arguments {
    fileprivate func required(_ name: String) throws -> JSON {
        guard let value = take(name) else { throw Usage("misses the required argument `\(name)`") }
        return value
    }

    fileprivate func requiredText(_ name: String) throws -> String {
        guard let text = try takeText(name) else { throw Usage("misses the required argument `\(name)`") }
        return text
    }
}

extension Helpers {
    func agents(_ rows: inout [Row]) {
        let own = "idempotency_key,on_tool_error,tool_handlers"
        rows.append(Row("beta.agents.sessions.stream", "session_id", "input,session_id", own, nil) { c, a in try await Helpers.turn(c, a) })
        rows.append(Row("beta.agents.environments.files.prepare", "", "files", "", nil) { c, a in
            var files: [String: URL] = [:]
            for member in try a.required("files").object?.members ?? [] { files[member.name] = URL(fileURLWithPath: member.value.string ?? "") }
            let made = try await c.beta.agents.environments.files.prepare(files, options: a.options)
            return try a.value(["files": a.written(made.files), "uploaded_file_ids": a.written(made.uploadedFileIDs)] as JSON)
        })
        rows.append(Row("beta.agents.environments.files.prepare_directory", "", "destination,include,root", "", nil) { c, a in
            let (root, destination) = (URL(fileURLWithPath: try a.requiredText("root")), try a.requiredText("destination"))
            let include = (try a.required("include").array ?? []).compactMap { $0.string }
            let files = c.beta.agents.environments.files
            let made = try await files.prepareDirectory(root, destination: destination, include: include, options: a.options)
            return try a.value(["files": a.written(made.files), "uploaded_file_ids": a.written(made.uploadedFileIDs)] as JSON)
        })
        rows.append(Row("beta.agents.environments.files.upload", "environment_id", "environment_id,file,path", "", nil) { c, a in
            let (environment, path) = (try a.path("environment_id"), try a.requiredText("path"))
            guard let file = FileUpload._read(try a.required("file")) else { throw Usage("`file` is no file") }
            let files = c.beta.agents.environments.files
            let made = try await files.upload(environmentId: environment, file: file, path: path, options: a.options)
            return try a.value(["uploaded_file_id": .string(made.uploadedFileID), "file": a.written(made.file)] as JSON)
        })
        rows.append(Row("beta.agents.sessions.artifacts.for_result", "session_id,turn_id", "path,session_id,to,turn_id", "", nil) { c, a in
            let (session, turn) = (try a.path("session_id"), try a.path("turn_id"))
            let (path, to) = (try a.requiredText("path"), URL(fileURLWithPath: try a.requiredText("to")))
            let artifacts = c.beta.agents.sessions.artifacts
            return try a.value(try await artifacts.forTurn(sessionId: session, turnId: turn, path: path, to: to, options: a.options))
        })
    }

    private static func handler(_ name: String, _ script: JSON) -> ToolFunction {
        ToolFunction(name, schema: .none) { _ -> JSON in
            if let text = script["$error"]?.string { throw ToolFailure(text) }
            return script
        }
    }

    private static func turn(_ c: Client, _ a: Arguments) async throws -> Answer {
        let functions = (a.take("tool_handlers")?.object?.members ?? []).map { handler($0.name, $0.value) }
        let failures = Seen()
        var hear: (@Sendable (AgentToolFailure) -> Void)?
        if try a.takeFlag("on_tool_error") == true {
            hear = { failures.add(["type": "tool_error", "name": .string($0.name), "message": .string($0.message)]) }
        }
        var options = a.options
        if let key = try a.takeText("idempotency_key") { options.idempotencyKey = key }
        let (session, input, sessions) = (try a.path("session_id"), try a.required("input"), c.beta.agents.sessions)
        let turn: AgentTurn
        if let text = input.string {
            turn = sessions.stream(sessionId: session, input: text, functions: functions, onToolError: hear, options: options)
        } else {
            turn = sessions.stream(sessionId: session, messages: input, functions: functions, onToolError: hear, options: options)
        }
        var events: [JSON] = []
        do {
            if a.maxEvents != Int.max {
                for try await event in turn {
                    events.append(a.written(event))
                    if events.count >= a.maxEvents { break }
                }
                return Answer(("events", .array(events + failures.all)), ("value", nil), ("error", nil))
            }
            let result = try await turn.result { events.append(a.written($0)) }
            let value: JSON = [
                "turn": a.written(result.turn), "messages": a.written(result.messages), "output_text": .string(result.outputText),
            ]
            return Answer(("events", .array(events + failures.all)), ("value", value), ("error", nil))
        } catch let failed as ThreadlineError where !events.isEmpty || !failures.all.isEmpty {
            return Answer(("events", .array(events + failures.all)), ("value", nil), ("error", Answer.record(failed)))
        }
    }
}

import Foundation
import Threadline

/// A call that cannot be made: answered with the kind `usage`.
struct Usage: Error {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}

/// One official method name and the typed method behind it. Names are lists with commas.
struct Row: Sendable {
    let id: String
    let path: [String]
    let required: [String]
    let optional: [String]
    let streamFlag: String?
    let run: @Sendable (Client, Arguments) async throws -> Answer

    init(
        _ id: String, _ path: String, _ required: String, _ optional: String, _ streamFlag: String?,
        _ run: @escaping @Sendable (Client, Arguments) async throws -> Answer
    ) {
        self.id = id
        self.path = Row.names(path)
        self.required = Row.names(required)
        self.optional = Row.names(optional)
        self.streamFlag = streamFlag
        self.run = run
    }

    private static func names(_ list: String) -> [String] { list.split(separator: ",").map(String.init) }
}

/// Makes calls that stand in lines.
final class Driver: Sendable {
    private static let members: Set<String> = [
        "id", "client", "resource", "method", "args", "options", "max_items", "max_events", "cancel_after_s",
    ]

    private let clients = Clients()
    private let rows: [String: Row]

    init() {
        var rows: [String: Row] = [:]
        let operations = allRows()
        for row in operations { rows[row.id] = row }
        for row in helperRows(operations: rows) { rows[row.id] = row }
        self.rows = rows
    }

    func line(_ line: String) async -> String {
        let tree = (try? JSON(parsing: line))?.object
        let answer: Answer
        do {
            guard let tree else { throw Usage("malformed line") }
            answer = try await self.answer(tree)
        } catch let wrong as Usage {
            answer = .failed(kind: "usage", message: wrong.message)
        } catch let failed as ThreadlineError {
            answer = .failed(failed)
        } catch is CancellationError {
            answer = .failed(kind: "cancelled", message: "the task was cancelled")
        } catch {
            answer = .failed(kind: "usage", message: "\(error)")
        }
        return answer.line(id: tree?["id"] ?? .null)
    }

    private func answer(_ line: JSONObject) async throws -> Answer {
        if let unknown = line.names.first(where: { !Driver.members.contains($0) }) {
            throw Usage("malformed line: unknown member `\(unknown)`")
        }
        var name = "\(try text(line, "resource")).\(try text(line, "method"))"
        // The official packages offer the same object by this name too.
        if name.hasPrefix("beta.chat.") { name.removeFirst("beta.".count) }
        guard let row = rows[name] else { throw Usage("there is no method `\(name)`") }
        let given = try object(line, "args")
        var options = try object(line, "options")
        let made = try clients.of(try object(line, "client"))
        let maxItems = (options["max_items"] ?? line["max_items"])?.int ?? Int.max
        let maxEvents = (options["max_events"] ?? line["max_events"])?.int ?? Int.max
        options["max_items"] = nil
        options["max_events"] = nil
        let client = made.observe ? made.client.observing() : made.client
        let arguments = try Arguments(row, given, options, maxItems: maxItems, maxEvents: maxEvents)
        var answer = await run(row, client, arguments, cancelAfter: line["cancel_after_s"]?.double)
        if made.observe, let records = client.takeObserved() { answer.members.append(("observed", records)) }
        if let usage = client.usage() { answer.members.append(("usage", usage)) }
        return answer
    }

    private func run(_ row: Row, _ client: Client, _ arguments: Arguments, cancelAfter: Double?) async -> Answer {
        let work = Task { () async throws -> Answer in
            try arguments.check()
            return try await row.run(client, arguments)
        }
        let timer = cancelAfter.map { seconds in
            Task {
                try await Task.sleep(nanoseconds: UInt64(seconds * 1e9))
                work.cancel()
            }
        }
        defer { timer?.cancel() }
        do {
            return try await work.value
        } catch let failed as ThreadlineError {
            return .failed(failed)
        } catch let wrong as Usage {
            return .failed(kind: "usage", message: wrong.message)
        } catch is CancellationError {
            return .cancelled
        } catch {
            return .failed(kind: "usage", message: "\(error)")
        }
    }

    private func text(_ line: JSONObject, _ name: String) throws -> String {
        guard let text = line[name]?.string else { throw Usage("malformed line: `\(name)` must be a text") }
        return text
    }

    private func object(_ line: JSONObject, _ name: String) throws -> JSONObject {
        guard let value = line[name], !value.isNull else { return JSONObject() }
        guard let object = value.object else { throw Usage("malformed line: `\(name)` must be an object") }
        return object
    }
}

/// What a call came to: members after `id`.
struct Answer: Sendable {
    var members: [(String, JSON)]

    init(_ members: (String, JSON)...) {
        self.members = members
    }

    static var cancelled: Answer { Answer(("cancelled", true)) }

    static func failed(_ error: ThreadlineError) -> Answer { Answer(("error", record(error))) }

    static func failed(kind: String, message: String) -> Answer {
        var record: JSONObject = ["kind": .string(kind), "message": .string(message), "attempts": 0, "retryable": false]
        for name in ["status", "type", "code", "param", "request_id", "retry_after_s"] + more { record[name] = .null }
        return Answer(("error", .object(record)))
    }

    /// Members that only some errors have.
    private static var more: [String] { ["partial", "unfinished", "azure", "close", "completion", "transcript"] }

    static func optional(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }

    static func record(_ error: ThreadlineError) -> JSON {
        let failure = error.failure
        var record: JSONObject = ["kind": .string(failure.kind), "message": .string(failure.message)]
        record["status"] = failure.status.map { .number(JSONNumber($0)) } ?? .null
        record["type"] = optional(failure.type)
        record["code"] = optional(failure.code)
        record["param"] = optional(failure.param)
        record["request_id"] = optional(failure.requestID)
        record["attempts"] = .number(JSONNumber(failure.attempts))
        record["retry_after_s"] = failure.retryAfter.map { .number(JSONNumber($0)) } ?? .null
        record["retryable"] = .bool(failure.isRetryable)
        for name in more { record[name] = failure.more[name] ?? .null }
        return .object(record)
    }

    func line(id: JSON) -> String {
        var object: JSONObject = ["id": id]
        for (name, value) in members { object[name] = value }
        return JSON.object(object).text
    }
}

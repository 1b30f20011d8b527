import Foundation
import Threadline

/// Helpers by their official names: what the packages offer above single operations.
func helperRows(operations: [String: Row]) -> [Row] {
    var rows: [Row] = []
    let makers = Helpers(operations: operations)
    makers.polling(&rows)
    makers.moreOfPolling(&rows)
    makers.uploads(&rows)
    makers.webhooks(&rows)
    makers.streams(&rows)
    makers.parsing(&rows)
    makers.tools(&rows)
    makers.agents(&rows)
    makers.sockets(&rows)
    return rows
}

/// Makes rows of helpers out of those of the operations that they stand on.
struct Helpers {
    static let pace = "poll_interval_ms,poll_interval,max_wait_seconds,on_update"

    let operations: [String: Row]

    /// The arguments that an operation takes, without its stream flag.
    func arguments(of operation: String) -> [String] {
        guard let row = operations[operation] else { return [] }
        return (row.required + row.optional).filter { $0 != row.streamFlag }
    }

    /// A row of a helper that takes what operations take, and arguments of its own.
    func like(
        _ id: String, _ path: String, _ required: String, _ others: [String], _ own: String,
        _ run: @escaping @Sendable (Client, Arguments) async throws -> Answer
    ) -> Row {
        let needed = Set(required.split(separator: ",").map(String.init))
        let optional = others.flatMap { arguments(of: $0) }.filter { !needed.contains($0) }
        return Row(id, path, required, (optional + [own]).joined(separator: ","), nil, run)
    }

    /// A row of a helper that makes a thing by an operation and polls it.
    func making(
        _ id: String, _ path: String, _ operation: String, _ run: @escaping @Sendable (Client, Arguments, Pace) async throws -> Answer
    ) -> Row {
        let required = operations[operation]?.required.joined(separator: ",") ?? ""
        return like(id, path, required, [operation], Helpers.pace) { c, a in try await Helpers.polled(a) { try await run(c, a, $0) } }
    }

    /// A row of a helper that polls a thing that exists.
    func existing(_ id: String, _ path: String, _ run: @escaping @Sendable (Client, Arguments, Pace) async throws -> Answer) -> Row {
        Row(id, path, path, Helpers.pace, nil) { c, a in try await Helpers.polled(a) { try await run(c, a, $0) } }
    }

    /// Polls; with `on_update` the states that were seen are the events of the answer.
    static func polled(_ a: Arguments, _ run: (Pace) async throws -> Answer) async throws -> Answer {
        var pace = try a.pace()
        switch try a.takeText("on_update") {
        case nil: return try await run(pace)
        case "record"?: break
        case .some(let other): throw Usage("the argument `on_update` cannot be `\(other)`")
        }
        let seen = Seen()
        pace.onUpdate = { seen.add($0) }
        do {
            let value = try await run(pace).members.first { $0.0 == "value" }?.1 ?? .null
            return Answer(("events", .array(seen.all)), ("value", value), ("error", nil))
        } catch let failed as ThreadlineError {
            return Answer(("events", .array(seen.all)), ("value", nil), ("error", Answer.record(failed)))
        }
    }
}

/// What was heard, in its order.
final class Seen: @unchecked Sendable {
    private let lock = NSLock()
    private var list: [JSON] = []

    var all: [JSON] { lock.withLock { list } }

    func add(_ value: JSON) { lock.withLock { list.append(value) } }
}

extension Arguments {
    func pace() throws -> Pace {
        let milliseconds = try takeNumber("poll_interval_ms")
        let seconds = try takeNumber("poll_interval")
        let maxWait = try takeNumber("max_wait_seconds")
        for (name, value) in [("poll_interval_ms", milliseconds), ("poll_interval", seconds), ("max_wait_seconds", maxWait)] {
            if let value, value < 0 { throw Usage("the argument `\(name)` must not be negative") }
        }
        return Pace(interval: milliseconds.map { $0 / 1000 } ?? seconds, maxWait: maxWait)
    }
}

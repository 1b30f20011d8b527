import Foundation
import Threadline

/// All arguments of a call by their official names, with its options; and what its typed method's result becomes.
final class Arguments: @unchecked Sendable {
    private let row: Row
    private var values: JSONObject
    private let maxItems: Int
    let maxEvents: Int
    private let heard: Heard
    /// The options of the line.
    let options: RequestOptions

    /// The last reply's head.
    private final class Heard: @unchecked Sendable {
        private let lock = NSLock()
        private var last: ReplyHead?

        var head: ReplyHead? {
            get { lock.withLock { last } }
            set { lock.withLock { last = newValue } }
        }
    }

    init(_ row: Row, _ given: JSONObject, _ options: JSONObject, maxItems: Int, maxEvents: Int) throws {
        self.row = row
        values = given
        self.maxItems = maxItems
        self.maxEvents = maxEvents
        let heard = Heard()
        self.heard = heard
        var read = try Settings.options(options)
        read.onReply = { heard.head = $0 }
        self.options = read
    }

    var requestID: JSON { Answer.optional(heard.head?.requestID) }

    /// Whether a stream was asked for.
    var stream: Bool { row.streamFlag.map { values[$0]?.bool == true } ?? false }

    /// Refuses unknown and missing arguments, as a call with keyword arguments does.
    func check() throws {
        for name in values.names where !row.required.contains(name) && !row.optional.contains(name) {
            throw Usage("\(row.id) got an unexpected argument `\(name)`")
        }
        for name in row.required where values[name] == nil { throw Usage("\(row.id) misses the required argument `\(name)`") }
        if let flag = row.streamFlag, let value = values[flag], !value.isNull, value.bool == nil {
            throw Usage("the argument `\(flag)` must be true or false")
        }
    }

    /// A path parameter, which must be a text.
    func path(_ name: String) throws -> String {
        guard let text = values[name]?.string else { throw Usage("the argument `\(name)` must be a text, since it stands in the URL") }
        return text
    }

    /// The typed parameters: all arguments but path parameters and the stream flag, in the order of the type's initializer.
    func params<T: APIObject>(_ type: T.Type) throws -> T {
        var rest = JSONObject()
        let known = row.required + row.optional
        for name in known + values.names.filter({ !known.contains($0) }) where !row.path.contains(name) && name != row.streamFlag {
            if let value = values[name] { rest[name] = value }
        }
        return try typed(.object(rest))
    }

    func typed<T: _Value>(_ tree: JSON) throws -> T {
        if let problem = shape(of: T.self)?.misfit(tree) { throw Usage(problem) }
        guard let value = T._read(shape(of: T.self)?.again(tree) ?? tree) else { throw Usage("the arguments are no \(T.self)") }
        return value
    }

    private func shape(of type: any _Value.Type) -> Shape? {
        if let type = type as? any APIObject.Type { return type._shape }
        if let type = type as? any APIUnion.Type { return type._shape }
        if let type = type as? any APIEnum.Type { return type._shape }
        return nil
    }

    /// A value as its type writes it: read member by member and written again.
    func written<T: _Value>(_ value: T) -> JSON {
        let tree = value._json()
        return shape(of: T.self)?.again(tree) ?? tree
    }

    /// An argument; `nil` if it was not given, or is `null`.
    func peek(_ name: String) -> JSON? {
        guard let value = values[name], !value.isNull else { return .none }
        return value
    }

    func set(_ name: String, _ value: JSON) { values[name] = value }

    /// An argument of a helper's own, taken out; `nil` if it was not given, or is `null`.
    func take(_ name: String) -> JSON? {
        let value = peek(name)
        values[name] = .none
        return value
    }

    func takeText(_ name: String) throws -> String? {
        try take(name).map {
            guard let text = $0.string else { throw Usage("the argument `\(name)` must be a text") }
            return text
        }
    }

    func takeNumber(_ name: String) throws -> Double? {
        try take(name).map {
            guard let number = $0.double else { throw Usage("the argument `\(name)` must be a number") }
            return number
        }
    }

    func takeFlag(_ name: String) throws -> Bool? {
        try take(name).map {
            guard let flag = $0.bool else { throw Usage("the argument `\(name)` must be true or false") }
            return flag
        }
    }

    func value<T: _Value>(_ value: T) throws -> Answer { Answer(("value", written(value)), ("request_id", requestID)) }

    func empty(_: Void) throws -> Answer { Answer(("value", .null), ("request_id", requestID)) }

    func download(_ download: Download) async throws -> Answer {
        var hash = SHA256()
        var length = 0
        for try await chunk in download.chunks {
            hash.update(chunk)
            length += chunk.count
        }
        let bytes: JSON = ["sha256": .string(hash.finish()), "len": .number(JSONNumber(length))]
        return Answer(("value", ["$bytes": bytes]), ("request_id", requestID))
    }

    func events<T: _Value>(_ open: () async throws -> EventStream<T>) async throws -> Answer {
        var events: [JSON] = []
        if maxEvents == 0 { return Answer(("events", []), ("error", nil)) }
        let stream = try await open()
        do {
            for try await event in stream {
                events.append(written(event))
                if events.count >= maxEvents { break }
            }
        } catch let failed as ThreadlineError {
            return Answer(("events", .array(events)), ("error", Answer.record(failed)))
        }
        return Answer(("events", .array(events)), ("error", nil))
    }

    func pages<T: _Value>(_ list: PageSequence<T>) async throws -> Answer {
        var items: [JSON] = []
        var pages = 0
        do {
            for try await page in list.pages {
                pages += 1
                for item in page.data where items.count < maxItems { items.append(written(item)) }
                if items.count >= maxItems { break }
            }
        } catch let failed as ThreadlineError {
            if pages == 0 { throw failed }
            return Answer(("pages", .number(JSONNumber(pages))), ("items", .array(items)), ("error", Answer.record(failed)))
        }
        return Answer(("pages", .number(JSONNumber(pages))), ("items", .array(items)))
    }
}

import Foundation
import ThreadlineFFI

/// A server for tests of programs: it checks requests against the description of the API and answers with values made from the description, or
/// as it is told. It runs in the process, until it is stopped or nobody holds it any more.
///
/// ```swift
/// let server = try MockServer()
/// try await server.reply(status: 429, headers: ["retry-after": "0"])
/// try await server.synthesise()
/// let model = try await server.client().models.retrieve(model: "m")
/// let seen = try await server.requests()  // two of them
/// ```
public final class MockServer: Sendable {
    private let native: ThreadlineFFI.MockServer
    /// Tells the server what it is to do, below `/__mock`.
    private let control: Client

    /// Listens on this port of the loopback address; 0 takes a free one.
    public init(port: UInt16 = 0) throws {
        let native = try Calls.now { try ThreadlineFFI.MockServer(port: port) }
        self.native = native
        var options = ClientOptions(apiKey: "test", baseURL: native.origin() + "/__mock")
        options.systemProxy = false
        control = try Client(options)
    }

    deinit { native.stop() }

    /// `http://127.0.0.1:PORT`
    public var origin: String { native.origin() }

    /// What a client's ``RequestOptions/baseURL`` has to be.
    public var baseURL: String { origin + "/v1" }

    /// A client of this server, with a key of its own where the options have none; the environment's proxies are not asked unless they say so.
    public func client(_ options: ClientOptions = ClientOptions()) throws -> Client {
        var options = options
        options.defaults.apiKey = options.defaults.apiKey ?? "test"
        options.defaults.baseURL = baseURL
        options.systemProxy = options.systemProxy ?? false
        return try Client(options)
    }

    /// Adds replies to the script; each answers one request. From the first on, a request that finds none is answered with 500. A reply is one
    /// JSON object: `status`, `headers`, `json`, `text`, `sse`, `end` …, as `tests/mock/README.md` lists them.
    ///
    /// - Throws: ``ThreadlineError/usage(_:)`` if the server does not understand one.
    public func script(_ replies: JSONObject...) async throws { try await script(replies) }

    /// As the other, with a list.
    public func script(_ replies: [JSONObject]) async throws {
        let text = JSON.array(replies.map { .object($0) }).text
        _ = try await ask("POST", "/script", .content(FileUpload(Data(text.utf8))))
    }

    /// Adds one reply to the script. `route`: which requests it is for, such as `POST /chat/completions`; any, where it is left out.
    public func reply(
        _ json: JSON? = nil, status: Int = 200, headers: [String: String] = [:], route: String? = nil
    ) async throws {
        try await script(scripted("json", json, status, headers, route))
    }

    /// Adds a stream to the script: each of the events is sent as JSON, then `[DONE]`.
    public func stream(_ events: [JSON], headers: [String: String] = [:], route: String? = nil) async throws {
        try await script(scripted("sse", .array(events + ["[DONE]"]), 200, headers, route))
    }

    /// Lets requests behind the script be answered with made-up values again.
    public func synthesise() async throws { try await script(["synth": true, "times": "always"]) }

    /// What the server has seen.
    public func requests() async throws -> [SeenRequest] {
        let log = try await ask("GET", "/log", .nothing())
        return (log["requests"]?.array ?? []).compactMap { $0.object }.map { SeenRequest(record: $0) }
    }

    /// Forgets script, requests and state; closes open connections.
    public func reset() async throws { _ = try await ask("POST", "/reset", .json([:])) }

    /// Closes all connections.
    public func stop() { native.stop() }

    private func scripted(_ name: String, _ body: JSON?, _ status: Int, _ headers: [String: String], _ route: String?) -> JSONObject {
        var reply: JSONObject = ["status": .number(JSONNumber(status))]
        if !headers.isEmpty { reply.add("headers", headers) }
        reply.add("for", route)
        reply.add(name, body)
        return reply
    }

    private func ask(_ verb: String, _ what: String, _ body: RequestBody) async throws -> JSON {
        do {
            return try await control.request(verb, what, body)
        } catch ThreadlineError.badRequest(let failure) {
            throw ThreadlineError.of("usage", "the mock server does not take this: \(failure.message)")
        }
    }
}

/// A request as a ``MockServer`` saw it.
public struct SeenRequest: Sendable, CustomStringConvertible {
    /// All that the server noted.
    public let record: JSONObject

    /// `GET`, `POST` …
    public var verb: String { record["verb"]?.string ?? "" }

    /// The path without the query.
    public var path: String { record["path"]?.string ?? "" }

    /// The body, where it was JSON.
    public var json: JSON? { record["body"]?["json"] }

    /// What of the request breaks the description of the API.
    public var violations: [String] { (record["violations"]?.array ?? []).compactMap { $0.string } }

    /// The first value of a header.
    public func header(_ name: String) -> String? {
        (record["headers"]?.array ?? []).first { $0[0]?.string?.lowercased() == name.lowercased() }?[1]?.string
    }

    public var description: String { "\(verb) \(path)" }
}

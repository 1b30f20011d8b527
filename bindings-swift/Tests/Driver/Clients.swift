import Foundation
import Threadline

/// Clients by configuration: equal configurations share one client, and so its connections.
final class Clients: @unchecked Sendable {
    /// A client, and whether its calls are observed.
    struct Made {
        let client: Client
        let observe: Bool
    }

    private let lock = NSLock()
    private var byConfig: [JSONObject: Made] = [:]

    func of(_ config: JSONObject) throws -> Made {
        try lock.withLock {
            if let made = byConfig[config] { return made }
            let made = try make(config)
            byConfig[config] = made
            return made
        }
    }

    private func make(_ config: JSONObject) throws -> Made {
        var rest = config
        func take(_ name: String) -> JSON? {
            let value = rest[name]
            rest[name] = nil
            return value
        }
        let observe = take("observe")?.bool ?? false
        var options = ClientOptions()
        var defaults = JSONObject()
        for name in Settings.names {
            if let value = take(name) { defaults[name] = value }
        }
        options.defaults = try Settings.options(defaults)
        options.fromEnvironment = take("from_env")?.bool ?? false
        options.webhookSecret = take("webhook_secret")?.string
        options.connectTimeout = take("connect_timeout_s")?.double
        options.caFile = take("ca_file")?.string.map { URL(fileURLWithPath: $0) }
        options.proxy = take("proxy")?.string
        options.tokenProvider = take("tokens")?.array.map(scripted)
        switch take("assistants") {
        case .string(let url)?: options.assistants = .postgres(url)
        case .object(let settings)?: options.assistants = .settings(settings)
        default: break
        }
        // Where the environment is not to be read, its proxies are not either.
        options.systemProxy = options.fromEnvironment
        for member in rest.members { options.more[member.name] = member.value }
        return Made(client: try Client(options), observe: observe)
    }

    /// A provider that answers from a list, and fails after its end.
    private func scripted(_ tokens: [JSON]) -> @Sendable () async throws -> Token {
        let script = Script(tokens)
        return {
            let next = try script.next()
            if let text = next.string { return Token(text) }
            if let error = next["error"]?.string { throw Script.Failure(description: error) }
            if let delay = next["delay_s"]?.double { try await Task.sleep(nanoseconds: UInt64(delay * 1e9)) }
            return Token(
                next["token"]?.string ?? "", expiresIn: next["expires_in_s"]?.double, refreshIn: next["refresh_in_s"]?.double)
        }
    }

    private final class Script: @unchecked Sendable {
        struct Failure: Error, CustomStringConvertible {
            let description: String
        }

        private let lock = NSLock()
        private var left: ArraySlice<JSON>

        init(_ tokens: [JSON]) {
            left = tokens[...]
        }

        func next() throws -> JSON {
            guard let token = lock.withLock({ left.popFirst() }) else { throw Failure(description: "the list of tokens is at its end") }
            return token
        }
    }
}

/// Options in the names of the call protocol.
enum Settings {
    static let names = [
        "api_key", "admin_api_key", "organization", "project", "base_url", "timeout_s", "idle_timeout_s", "first_event_timeout_s",
        "max_retries", "hedge_after_s", "headers", "query", "idempotency_key", "body",
    ]

    static func options(_ given: JSONObject) throws -> RequestOptions {
        if let unknown = given.names.first(where: { !names.contains($0) }) { throw Usage("there is no option `\(unknown)`") }
        var options = RequestOptions()
        options.apiKey = try text(given, "api_key")
        options.adminAPIKey = try text(given, "admin_api_key")
        options.organization = try text(given, "organization")
        options.project = try text(given, "project")
        options.baseURL = try text(given, "base_url")
        options.idempotencyKey = try text(given, "idempotency_key")
        options.timeout = try number(given, "timeout_s")
        options.idleTimeout = try number(given, "idle_timeout_s")
        options.firstEventTimeout = try number(given, "first_event_timeout_s")
        options.hedgeAfter = try number(given, "hedge_after_s")
        options.maxRetries = try number(given, "max_retries").map { Int($0) }
        for member in given["headers"]?.object?.members ?? [] { options.headers[member.name] = .some(member.value.string) }
        for member in given["query"]?.object?.members ?? [] { options.query[member.name] = member.value.string ?? member.value.text }
        for member in given["body"]?.object?.members ?? [] { options.body[member.name] = member.value }
        return options
    }

    private static func text(_ given: JSONObject, _ name: String) throws -> String? {
        guard let value = given[name], !value.isNull else { return nil }
        guard let text = value.string else { throw Usage("`\(name)` must be a text") }
        return text
    }

    private static func number(_ given: JSONObject, _ name: String) throws -> Double? {
        guard let value = given[name], !value.isNull else { return nil }
        guard let number = value.double else { throw Usage("`\(name)` must be a number") }
        return number
    }
}

import Foundation
import ThreadlineFFI

/// A client of the API. It may be used from any number of tasks at once.
///
/// ```swift
/// let client = try Client(apiKey: "…")
/// let completion = try await client.chat.completions.create(
///     ChatCompletionCreateParams(messages: [.user(ChatCompletionUserMessageParam(content: .text("Say hello.")))], model: "gpt-5-mini"))
/// ```
public final class Client: Sendable {
    let _calls: Calls

    init(_ native: ThreadlineFFI.Client) {
        _ = brokenPipesAreErrors
        _calls = Calls(native: native)
    }

    /// A client with this key; the environment is not read.
    ///
    /// - Throws: ``ThreadlineError/usage(_:)`` where a setting cannot be used.
    public convenience init(apiKey: String) throws {
        var options = ClientOptions()
        options.defaults.apiKey = apiKey
        try self.init(options)
    }

    /// A client of these settings.
    ///
    /// - Throws: ``ThreadlineError/usage(_:)`` where a setting cannot be used.
    public convenience init(_ options: ClientOptions) throws {
        let tokens = options.tokenProvider.map { ForeignTokens($0) }
        self.init(try Calls.now { try ThreadlineFFI.Client(settings: JSON.object(options.members).text, tokens: tokens) })
    }

    /// A client whose key is in `OPENAI_API_KEY`; base URL, organization and project from the environment too.
    ///
    /// - Throws: ``ThreadlineError/usage(_:)`` where there is no key.
    public static func fromEnvironment() throws -> Client {
        var options = ClientOptions()
        options.fromEnvironment = true
        return try Client(options)
    }

    /// Where requests go.
    public var baseURL: String { _calls.native.baseUrl() }

    /// A client of other defaults, which shares connections with this one.
    public func withOptions(_ options: RequestOptions) throws -> Client {
        Client(try Calls.now { try _calls.native.withOptions(options: options.text) })
    }

    /// A client that keeps records of its own calls, and shares all else with this one.
    public func observing() -> Client { Client(_calls.native.observing()) }

    /// Records of the calls made since this was last asked, where the client observes.
    public func takeObserved() -> JSON? { _calls.native.takeObserved().flatMap { try? JSON(parsing: $0) } }

    /// What the client has used so far, where it counts.
    public func usage() -> JSON? { _calls.native.usage().flatMap { try? JSON(parsing: $0) } }

    /// The library's version.
    public static var version: String { ThreadlineFFI.version() }
}

/// Settings of a client.
public struct ClientOptions: Sendable {
    /// Options of all calls: key, base URL, times, headers.
    public var defaults = RequestOptions()
    /// Gives bearer tokens in place of the key; never asked a second time before the first answer. What it gives is for whoever calls
    /// meanwhile, and it sees no task-local values: where callers have keys of their own, the key is an option of the call.
    public var tokenProvider: (@Sendable () async throws -> Token)?
    /// Signing secret of webhooks. It is sent nowhere.
    public var webhookSecret: String?
    /// Whether `OPENAI_API_KEY`, `OPENAI_BASE_URL` and their kin give what is not set here.
    public var fromEnvironment = false
    /// Longest wait for a connection in seconds. Default 5.
    public var connectTimeout: TimeInterval?
    /// The assistants engine: `/assistants` and `/threads` are then answered in the process.
    public var assistants: AssistantStore?
    /// Certificates of authorities to trust beside the system's: a PEM file.
    public var caFile: URL?
    /// URL of a proxy.
    public var proxy: String?
    /// Whether the environment's proxies are used. Default: yes.
    public var systemProxy: Bool?
    /// Whether calls are recorded for ``Client/takeObserved()``.
    public var observe = false
    /// Whether the client counts what it uses, for ``Client/usage()``.
    public var countUsage = false
    /// Further settings by their names in the native library's object of settings: `azure`, `limits`, `cassette`, `workload_identity` …
    public var more: [String: JSON] = [:]

    /// Settings that leave all to the library.
    public init() {}

    /// Settings with this key.
    public init(apiKey: String, baseURL: String? = nil, assistants: AssistantStore? = nil) {
        defaults.apiKey = apiKey
        defaults.baseURL = baseURL
        self.assistants = assistants
    }

    var members: JSONObject {
        var out = defaults.members
        out.add("webhook_secret", webhookSecret)
        out.add("assistants", assistants?.settings)
        out.add("ca_file", caFile?.path)
        out.add("proxy", proxy)
        out.add("system_proxy", systemProxy)
        out.add("connect_timeout_s", seconds(connectTimeout))
        if fromEnvironment { out.add("from_env", true) }
        if observe { out.add("observe", true) }
        if countUsage { out.add("usage", true) }
        for (name, value) in more { out[name] = value }
        return out
    }
}

extension ClientOptions: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Keys stay out of logs.
    public var description: String { "ClientOptions(\(defaults))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Where the assistants engine keeps threads, messages and runs.
public struct AssistantStore: Sendable {
    let settings: JSON

    /// A file, which is made if it is not there.
    public static func sqlite(_ path: String) -> AssistantStore { AssistantStore(settings: .string("sqlite:\(path)")) }

    /// The memory of this process.
    public static var memory: AssistantStore { AssistantStore(settings: "sqlite::memory:") }

    /// A PostgreSQL database: `postgres://…`.
    public static func postgres(_ url: String) -> AssistantStore { AssistantStore(settings: .string(url)) }

    /// The same with files and vector stores answered in the process too.
    public func withFiles() -> AssistantStore {
        var members: JSONObject = settings.object ?? ["store": settings]
        members["files"] = true
        return AssistantStore(settings: .object(members))
    }

    /// A store with further settings, those of the server's file: `store`, `files`, `profile`, `settings`.
    public static func settings(_ settings: JSONObject) -> AssistantStore { AssistantStore(settings: .object(settings)) }
}

/// A bearer token, with its lifetime where that is known.
public struct Token: Sendable, CustomStringConvertible, CustomReflectable {
    /// The token.
    public let value: String
    /// How long it can be used, in seconds.
    public let expiresIn: TimeInterval?
    /// When to ask for the next one, in seconds.
    public let refreshIn: TimeInterval?

    /// A token.
    public init(_ value: String, expiresIn: TimeInterval? = nil, refreshIn: TimeInterval? = nil) {
        self.value = value
        self.expiresIn = expiresIn
        self.refreshIn = refreshIn
    }

    /// Without the token itself.
    public var description: String { "Token(expiresIn: \(expiresIn.map { "\($0)" } ?? "nil"))" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A token provider of the caller's for the native library, which asks on a thread that may wait.
private final class ForeignTokens: TokenProvider {
    private let provider: @Sendable () async throws -> Token

    init(_ provider: @escaping @Sendable () async throws -> Token) {
        self.provider = provider
    }

    func token() throws -> ProvidedToken {
        let answer = Answer()
        let provider = self.provider
        Task {
            do {
                answer.give(.success(try await provider()))
            } catch {
                answer.give(.failure(foreign("\(error)")))
            }
        }
        let token = try answer.wait().get()
        return ProvidedToken(token: token.value, expiresIn: token.expiresIn, refreshIn: token.refreshIn)
    }

    /// Hands the outcome of a task to a thread that waits.
    private final class Answer: @unchecked Sendable {
        private let done = DispatchSemaphore(value: 0)
        private var outcome: Result<Token, CallError>?

        func give(_ outcome: Result<Token, CallError>) {
            self.outcome = outcome
            done.signal()
        }

        func wait() -> Result<Token, CallError> {
            done.wait()
            return outcome ?? .failure(foreign("the token provider gave nothing"))
        }
    }
}

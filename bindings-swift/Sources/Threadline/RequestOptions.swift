import Foundation

/// Options of one call; of a client, the defaults of its calls. What is left `nil` falls back to the client's, then to the library's.
public struct RequestOptions: Sendable {
    /// API key.
    public var apiKey: String?
    /// Key for the administration endpoints.
    public var adminAPIKey: String?
    /// Organization to bill.
    public var organization: String?
    /// Project to bill.
    public var project: String?
    /// Base URL. On another origin than the client's, the client's key is not sent.
    public var baseURL: String?
    /// Total time of a call in seconds, all attempts together; of a stream until its first event. Default 600.
    public var timeout: TimeInterval?
    /// Longest wait for a stream's first event once the reply has begun, in seconds. Default: as ``idleTimeout``.
    public var firstEventTimeout: TimeInterval?
    /// Longest silence between two events of a stream, or two pieces of a download, in seconds. Default 60.
    public var idleTimeout: TimeInterval?
    /// How often a failed call is tried again. Default 2.
    public var maxRetries: Int?
    /// Sends a slow read a second time after so many seconds. Default: never.
    public var hedgeAfter: TimeInterval?
    /// Longest reply to accept, in bytes; of a stream the longest event. Default: no limit.
    public var maxResponseBytes: Int?
    /// Headers to send; `nil` takes a default header away.
    public var headers: [String: String?]
    /// Query parameters to add.
    public var query: [String: String]
    /// Members to add to the body.
    public var body: [String: JSON]
    /// Value of `Idempotency-Key`, the same for every attempt.
    public var idempotencyKey: String?
    /// Is told status and headers of each reply of the call, pages included.
    public var onReply: (@Sendable (ReplyHead) -> Void)?

    /// Options of a call.
    public init(
        apiKey: String? = nil, adminAPIKey: String? = nil, organization: String? = nil, project: String? = nil, baseURL: String? = nil,
        timeout: TimeInterval? = nil, firstEventTimeout: TimeInterval? = nil, idleTimeout: TimeInterval? = nil, maxRetries: Int? = nil,
        hedgeAfter: TimeInterval? = nil, maxResponseBytes: Int? = nil, headers: [String: String?] = [:], query: [String: String] = [:],
        body: [String: JSON] = [:], idempotencyKey: String? = nil, onReply: (@Sendable (ReplyHead) -> Void)? = nil
    ) {
        self.apiKey = apiKey
        self.adminAPIKey = adminAPIKey
        self.organization = organization
        self.project = project
        self.baseURL = baseURL
        self.timeout = timeout
        self.firstEventTimeout = firstEventTimeout
        self.idleTimeout = idleTimeout
        self.maxRetries = maxRetries
        self.hedgeAfter = hedgeAfter
        self.maxResponseBytes = maxResponseBytes
        self.headers = headers
        self.query = query
        self.body = body
        self.idempotencyKey = idempotencyKey
        self.onReply = onReply
    }

    /// As the native library takes them.
    var text: String {
        let members = self.members
        return members.isEmpty ? "" : JSON.object(members).text
    }

    var members: JSONObject {
        var out = JSONObject()
        out.add("api_key", apiKey)
        out.add("admin_api_key", adminAPIKey)
        out.add("organization", organization)
        out.add("project", project)
        out.add("base_url", baseURL)
        out.add("timeout_s", seconds(timeout))
        out.add("first_event_timeout_s", seconds(firstEventTimeout))
        out.add("idle_timeout_s", seconds(idleTimeout))
        out.add("hedge_after_s", seconds(hedgeAfter))
        out.add("max_retries", maxRetries)
        out.add("max_response_bytes", maxResponseBytes)
        if !headers.isEmpty {
            var lines = JSONObject()
            for (name, value) in headers { lines[name] = value.map { .string($0) } ?? .null }
            out.add("headers", JSON.object(lines))
        }
        if !query.isEmpty { out.add("query", query) }
        if !body.isEmpty { out.add("body", body) }
        out.add("idempotency_key", idempotencyKey)
        return out
    }
}

extension RequestOptions: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Keys stay out of logs.
    public var description: String {
        "RequestOptions(baseURL: \(baseURL ?? "nil"), headers: \(headers.keys.sorted()), query: \(query.keys.sorted()))"
    }

    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Seconds as the native library takes them: no limit is ten years. It refuses what is below zero, or no number.
func seconds(_ value: TimeInterval?) -> Double? {
    value.map { $0 == .infinity ? 3.2e8 : $0 }
}

/// Status and headers of a reply.
public struct ReplyHead: Sendable {
    /// HTTP status.
    public let status: Int
    /// The reply's `x-request-id`, to quote when asking the provider.
    public let requestID: String?
    /// Number of requests that were sent for the reply.
    public let attempts: Int
    let lines: String

    /// Headers by their names in lower case.
    public var headers: [String: [String]] { headerMap(lines) }

    /// The first value of a header.
    public func header(_ name: String) -> String? { headers[name.lowercased()]?.first }
}

import Foundation
import ThreadlineFFI

/// Why a call failed. Every case carries the same fields, which can be read off the error itself: `error.status`, `error.requestID`.
@dynamicMemberLookup
public enum ThreadlineError: Error, Sendable {
    /// Status 400.
    case badRequest(Failure)
    /// Status 401.
    case authentication(Failure)
    /// Status 403.
    case permissionDenied(Failure)
    /// Status 404.
    case notFound(Failure)
    /// Status 409.
    case conflict(Failure)
    /// Status 422.
    case unprocessableEntity(Failure)
    /// Status 429.
    case rateLimit(Failure)
    /// Status 5xx.
    case internalServer(Failure)
    /// Any other status, or an error inside of a reply.
    case api(Failure)
    /// No reply: the connection could not be made, or broke.
    case connection(Failure)
    /// The total time of the call was up.
    case timeout(Failure)
    /// A stream or a download was silent for too long.
    case idleTimeout(Failure)
    /// A stream ended before its proper end; ``Failure/partial`` has what came.
    case streamEnded(Failure)
    /// A reply that is not what the operation returns.
    case decode(Failure)
    /// The signature of a webhook's delivery is wrong.
    case webhookSignature(Failure)
    /// The call could not be made as it was asked for.
    case usage(Failure)
    /// The server sends the request elsewhere, and it was not followed.
    case redirect(Failure)
    /// A WebSocket was closed by its server with a code that is no proper end: ``Failure/close``.
    case closed(Failure)
    /// An answer that was to be parsed was cut off: ``Failure/completion``.
    case lengthFinish(Failure)
    /// An answer that was to be parsed was held back: ``Failure/completion``.
    case contentFilterFinish(Failure)
    /// A run of tools took more replies than it may: ``Failure/transcript``.
    case stepLimit(Failure)
    /// A run of tools was ended by a function, or by who decides about calls: ``Failure/transcript``.
    case tool(Failure)
    /// The task was cancelled. Methods throw `CancellationError` then; this is for ``Swift/Result``.
    case cancelled(Failure)
    /// Any kind that has no case of its own: see ``Failure/kind``.
    case other(Failure)

    init(_ failure: Failure) {
        switch failure.kind {
        case "bad_request": self = .badRequest(failure)
        case "authentication": self = .authentication(failure)
        case "permission_denied": self = .permissionDenied(failure)
        case "not_found": self = .notFound(failure)
        case "conflict": self = .conflict(failure)
        case "unprocessable_entity": self = .unprocessableEntity(failure)
        case "rate_limit": self = .rateLimit(failure)
        case "internal_server": self = .internalServer(failure)
        case "api": self = .api(failure)
        case "connection": self = .connection(failure)
        case "timeout": self = .timeout(failure)
        case "idle_timeout": self = .idleTimeout(failure)
        case "stream_ended": self = .streamEnded(failure)
        case "decode": self = .decode(failure)
        case "webhook_signature": self = .webhookSignature(failure)
        case "usage": self = .usage(failure)
        case "redirect": self = .redirect(failure)
        case "closed": self = .closed(failure)
        case "length_finish": self = .lengthFinish(failure)
        case "content_filter_finish": self = .contentFilterFinish(failure)
        case "step_limit": self = .stepLimit(failure)
        case "tool": self = .tool(failure)
        case "cancelled": self = .cancelled(failure)
        default: self = .other(failure)
        }
    }

    /// A failure that is known by no more than this.
    static func of(_ kind: String, _ message: String, _ head: ReplyHead? = nil) -> ThreadlineError {
        ThreadlineError(Failure(kind: kind, message: message, head: head))
    }

    /// The error of the native library.
    static func of(_ error: any Error) -> any Error {
        guard case CallError.Failed(let record)? = error as? CallError else { return error }
        return record.kind == "cancelled" ? CancellationError() : ThreadlineError(Failure(record))
    }

    /// The same, of this reply.
    func with(_ head: ReplyHead) -> ThreadlineError { ThreadlineError(Failure(failure, head)) }

    /// An error of another kind, such as one that the caller's own code has thrown.
    static func of(foreign error: any Error) -> ThreadlineError {
        let message = (error as? any LocalizedError)?.errorDescription ?? "\(error)"
        return .other(Failure(kind: "other", message: message, head: nil, underlying: error))
    }

    /// All that is known.
    public var failure: Failure {
        switch self {
        case .badRequest(let failure), .authentication(let failure), .permissionDenied(let failure), .notFound(let failure),
            .conflict(let failure), .unprocessableEntity(let failure), .rateLimit(let failure), .internalServer(let failure),
            .api(let failure), .connection(let failure), .timeout(let failure), .idleTimeout(let failure), .streamEnded(let failure),
            .decode(let failure), .webhookSignature(let failure), .usage(let failure), .redirect(let failure), .closed(let failure),
            .lengthFinish(let failure), .contentFilterFinish(let failure), .stepLimit(let failure), .tool(let failure),
            .cancelled(let failure), .other(let failure):
            return failure
        }
    }

    /// A field of ``failure``.
    public subscript<T>(dynamicMember path: KeyPath<Failure, T>) -> T { failure[keyPath: path] }
}

extension ThreadlineError: LocalizedError, CustomStringConvertible {
    public var errorDescription: String? { failure.message }
    public var description: String { "\(failure.kind): \(failure.message)" }
}

/// What is known of a call that failed.
public struct Failure: Sendable {
    /// `rate_limit`, `timeout` …: the same words in every language.
    public let kind: String
    /// For people.
    public let message: String
    /// HTTP status, where a reply came.
    public let status: Int?
    /// The API's `type`.
    public let type: String?
    /// The API's `code`.
    public let code: String?
    /// The argument that is at fault.
    public let param: String?
    /// The reply's `x-request-id`, to quote when asking the provider.
    public let requestID: String?
    /// Number of requests tried.
    public let attempts: Int
    /// What the server asked to wait, in seconds.
    public let retryAfter: TimeInterval?
    /// Whether the same call may succeed later.
    public let isRetryable: Bool
    /// Body of the reply.
    public let body: Data
    /// The error itself, where ``Swift/Result`` was made of one that is no ``ThreadlineError``; its kind is `other`.
    public let underlying: (any Error)?
    private let lines: String
    /// What only some errors have, as the core tells it.
    package let more: JSONObject

    init(_ record: ErrorRecord) {
        kind = record.kind
        message = record.message
        status = record.status.map { Int($0) }
        type = record.errorType
        code = record.code
        param = record.param
        requestID = record.requestId
        attempts = Int(record.attempts)
        retryAfter = record.retryAfter
        isRetryable = record.retryable
        body = record.body
        underlying = nil
        lines = record.headers
        more = (try? JSON(parsing: record.more))?.object ?? JSONObject()
    }

    /// A failure in a reply that was read.
    init(_ failure: Failure, _ head: ReplyHead) {
        kind = failure.kind
        message = failure.message
        status = head.status
        type = failure.type
        code = failure.code
        param = failure.param
        requestID = head.requestID
        attempts = head.attempts
        retryAfter = failure.retryAfter
        isRetryable = failure.isRetryable
        body = failure.body
        underlying = failure.underlying
        lines = head.lines
        more = failure.more
    }

    init(kind: String, message: String, head: ReplyHead?, underlying: (any Error)? = nil) {
        self.kind = kind
        self.message = message
        status = head?.status
        type = nil
        code = nil
        param = nil
        requestID = head?.requestID
        attempts = head?.attempts ?? 0
        retryAfter = nil
        isRetryable = false
        body = Data()
        self.underlying = underlying
        lines = head?.lines ?? ""
        more = JSONObject()
    }

    /// Headers of the reply by their names in lower case.
    public var headers: [String: [String]] { headerMap(lines) }

    /// What a stream had brought before it failed.
    public var partial: Partial? {
        more["partial"]?.object.map { Partial(text: $0["text"]?.string ?? "", events: $0["events"]?.int ?? 0, snapshot: $0["snapshot"]) }
    }

    /// What a helper of several requests had made when it failed.
    public var unfinished: Unfinished? {
        more["unfinished"]?.object.map { made in
            let uploaded = made["uploaded"]?.array ?? []
            return Unfinished(
                resource: made["resource"]?.string ?? "", id: made["id"]?.string, status: made["status"]?.string,
                uploaded: uploaded.map { $0.string })
        }
    }

    /// What Azure alone says of the error: `code`, `content_filter`.
    public var azure: JSON? { more["azure"] }

    /// Why a server closed a WebSocket: `code`, `reason`.
    public var close: JSON? { more["close"] }

    /// The answer that could not be parsed, whole.
    public var completion: JSON? { more["completion"] }

    /// What a tool runner had done.
    public var transcript: JSON? { more["transcript"] }

    /// What arrived of a stream before it failed.
    public struct Partial: Sendable {
        /// Its text so far.
        public let text: String
        /// Number of events.
        public let events: Int
        /// What had been put together, where the stream was.
        public let snapshot: JSON?
    }

    /// What a helper had made at the provider when it failed.
    public struct Unfinished: Sendable {
        /// Whose thing it is.
        public let resource: String
        /// Its id.
        public let id: String?
        /// Its last status.
        public let status: String?
        /// Ids of uploaded files or parts by their place; `nil` for those that are missing.
        public let uploaded: [String?]

        /// What was made before.
        public init(resource: String, id: String?, status: String? = nil, uploaded: [String?] = []) {
            self.resource = resource
            self.id = id
            self.status = status
            self.uploaded = uploaded
        }
    }
}

extension Result where Failure == ThreadlineError {
    /// The outcome of a call as a value: `await Result.of { try await client.models.list().firstPage() }`. An error that is none of this
    /// package's becomes ``ThreadlineError/other(_:)``, with itself as its ``Threadline/Failure/underlying``.
    public static func of(_ call: () async throws -> Success) async -> Result<Success, ThreadlineError> {
        do {
            return .success(try await call())
        } catch let error as ThreadlineError {
            return .failure(error)
        } catch is CancellationError {
            return .failure(.of("cancelled", "the task was cancelled"))
        } catch {
            return .failure(.of(foreign: error))
        }
    }
}

/// Headers of lines `name: value`.
func headerMap(_ lines: String) -> [String: [String]] {
    var map: [String: [String]] = [:]
    for line in lines.split(separator: "\n") {
        guard let end = line.range(of: ": ") else { continue }
        map[String(line[..<end.lowerBound]), default: []].append(String(line[end.upperBound...]))
    }
    return map
}

import Foundation
import ThreadlineFFI

/// What the methods of resources stand on.
struct Calls: Sendable {
    let native: ThreadlineFFI.Client

    /// Does what the native library waits for. When the task is cancelled, the connection is closed.
    static func wait<T: Sendable>(_ work: (CancelHandle) async throws -> T) async throws -> T {
        let handle = CancelHandle()
        do {
            return try await withTaskCancellationHandler {
                try await work(handle)
            } onCancel: {
                handle.cancel()
            }
        } catch {
            throw ThreadlineError.of(error)
        }
    }

    /// Does what the native library does at once.
    static func now<T>(_ work: () throws -> T) throws -> T {
        do {
            return try work()
        } catch {
            throw ThreadlineError.of(error)
        }
    }

    /// A call's arguments as the native library takes them.
    struct Sent {
        var fields = Data()
        var files: [ThreadlineFFI.Upload] = []

        init(_ params: JSONObject?) {
            guard let params else { return }
            var out = JSONWriter()
            out.object(params)
            fields = Data(out.bytes)
            files = out.files.map { $0.native }
        }
    }

    func execute(_ operation: String, _ path: [String], _ params: JSONObject?, _ options: RequestOptions?) async throws -> Reply {
        let sent = Sent(params)
        let native = self.native
        let reply = try await Calls.wait { handle in
            try await native.execute(
                operation: operation, path: path, fields: sent.fields, files: sent.files, options: options?.text ?? "", cancel: handle)
        }
        options?.onReply?(ReplyHead(reply.head))
        return reply
    }

    func value<T: _Value>(_ operation: String, _ path: [String], _ params: JSONObject?, _ options: RequestOptions?) async throws -> T {
        let reply = try await execute(operation, path, params, options)
        return try Calls.decoded(reply.body, ReplyHead(reply.head))
    }

    /// A reply that holds embeddings, which may come as base64.
    func vectors<T: APIObject>(_ operation: String, _ path: [String], _ params: JSONObject?, _ options: RequestOptions?) async throws -> T {
        let reply = try await execute(operation, path, params, options)
        let head = ReplyHead(reply.head)
        let tree = Kind.named(T._shape).unpacked(try Calls.tree(reply.body, head), keep: reply.base64Vectors)
        return try Calls.typed(tree, head)
    }

    /// JSON or text, as the reply says; a text is then a JSON string.
    func valueOrText<T: _Value>(
        _ operation: String, _ path: [String], _ params: JSONObject?, _ options: RequestOptions?
    ) async throws -> T {
        let reply = try await execute(operation, path, params, options)
        let head = ReplyHead(reply.head)
        if reply.isJson { return try Calls.decoded(reply.body, head) }
        return try Calls.typed(.string(String(decoding: reply.body, as: UTF8.self)), head)
    }

    func text(_ operation: String, _ path: [String], _ params: JSONObject?, _ options: RequestOptions?) async throws -> String {
        String(decoding: try await execute(operation, path, params, options).body, as: UTF8.self)
    }

    func empty(_ operation: String, _ path: [String], _ params: JSONObject?, _ options: RequestOptions?) async throws {
        _ = try await execute(operation, path, params, options)
    }

    func download(_ operation: String, _ path: [String], _ params: JSONObject?, _ options: RequestOptions?) async throws -> Download {
        let sent = Sent(params)
        let native = self.native
        let download = try await Calls.wait { handle in
            try await native.download(
                operation: operation, path: path, fields: sent.fields, files: sent.files, options: options?.text ?? "", cancel: handle)
        }
        let made = Download(download)
        options?.onReply?(made.head)
        return made
    }

    func events<T: _Value>(
        _ operation: String, _ path: [String], _ params: JSONObject?, _ options: RequestOptions?
    ) async throws -> EventStream<T> {
        let sent = Sent(params)
        let native = self.native
        let stream = try await Calls.wait { handle in
            try await native.stream(
                operation: operation, path: path, fields: sent.fields, files: sent.files, options: options?.text ?? "", cancel: handle)
        }
        let made = EventStream<T>(stream)
        options?.onReply?(made.head)
        return made
    }

    func pages<T: _Value>(_ operation: String, _ path: [String], _ params: JSONObject?, _ options: RequestOptions?) -> PageSequence<T> {
        let sent = Sent(params)
        let native = self.native
        return PageSequence<T>(onReply: options?.onReply) {
            try native.pager(operation: operation, path: path, fields: sent.fields, options: options?.text ?? "")
        }
    }

    static func tree(_ bytes: Data, _ head: ReplyHead?) throws -> JSON {
        do {
            return try JSON(parsing: bytes)
        } catch {
            throw ThreadlineError.of("decode", "the reply is no JSON: \(error)", head)
        }
    }

    static func decoded<T: _Value>(_ bytes: Data, _ head: ReplyHead?) throws -> T { try typed(tree(bytes, head), head) }

    static func typed<T: _Value>(_ tree: JSON, _ head: ReplyHead?) throws -> T {
        guard let value = T._read(tree) else { throw ThreadlineError.of("decode", "the reply is no \(T.self)", head) }
        return value
    }
}

extension ReplyHead {
    init(_ head: ThreadlineFFI.Head) {
        self.init(status: Int(head.status), requestID: head.requestId, attempts: Int(head.attempts), lines: head.headers)
    }
}

import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

// What a program would write that has Foundation only: `Codable` structs of the members that the API documents, and `URLSession`.

struct Request: Encodable {
    struct Message: Encodable {
        let role: String
        let content: String
    }

    let model: String
    let messages: [Message]
    let stream: Bool?
}

struct ToolCall: Decodable {
    struct Function: Decodable {
        let name: String
        let arguments: String
    }

    let id: String
    let type: String
    let function: Function
}

struct Usage: Decodable {
    struct Prompt: Decodable {
        let cachedTokens: Int?
        let audioTokens: Int?
    }

    struct Completion: Decodable {
        let reasoningTokens: Int?
        let audioTokens: Int?
    }

    let promptTokens: Int
    let completionTokens: Int
    let totalTokens: Int
    let promptTokensDetails: Prompt?
    let completionTokensDetails: Completion?
}

struct LogProbs: Decodable {
    let content: [String]?
}

struct Completion: Decodable {
    struct Message: Decodable {
        let role: String
        let content: String?
        let refusal: String?
        let toolCalls: [ToolCall]?
    }

    struct Choice: Decodable {
        let index: Int
        let finishReason: String
        let logprobs: LogProbs?
        let message: Message
    }

    let id: String
    let object: String
    let created: Int
    let model: String
    let serviceTier: String?
    let systemFingerprint: String?
    let choices: [Choice]
    let usage: Usage?
}

struct Chunk: Decodable {
    struct Delta: Decodable {
        let role: String?
        let content: String?
        let refusal: String?
        let toolCalls: [ToolCall]?
    }

    struct Choice: Decodable {
        let index: Int
        let delta: Delta
        let logprobs: LogProbs?
        let finishReason: String?
    }

    let id: String
    let object: String
    let created: Int
    let model: String
    let serviceTier: String?
    let systemFingerprint: String?
    let choices: [Choice]
    let usage: Usage?
}

/// Hands the bytes of replies on as they come. `URLSession.bytes(for:)` is not there on Linux, where tasks do not ask a delegate of their own either.
final class Bytes: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    private let lock = NSLock()
    private var pieces: [Int: AsyncThrowingStream<Data, any Error>.Continuation] = [:]

    /// Begins a request: the pieces of its reply.
    func start(_ task: URLSessionTask) -> AsyncThrowingStream<Data, any Error> {
        let (stream, sender) = AsyncThrowingStream.makeStream(of: Data.self)
        lock.withLock { pieces[task.taskIdentifier] = sender }
        task.resume()
        return stream
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        _ = lock.withLock { pieces[dataTask.taskIdentifier] }?.yield(data)
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        lock.withLock { pieces.removeValue(forKey: task.taskIdentifier) }?.finish(throwing: error)
    }
}

func baseline(_ base: String) -> Library {
    let bytes = Bytes()
    let session = URLSession(configuration: .default, delegate: bytes, delegateQueue: nil)
    let encoder = JSONEncoder()
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    func request(stream: Bool) throws -> URLRequest {
        var request = URLRequest(url: URL(string: base + "/chat/completions")!)
        request.httpMethod = "POST"
        request.setValue("Bearer k", forHTTPHeaderField: "Authorization")
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        let message = Request.Message(role: "user", content: "Hi")
        request.httpBody = try encoder.encode(Request(model: "m", messages: [message], stream: stream ? true : nil))
        return request
    }
    func call() async throws -> Int {
        let (data, _) = try await session.data(for: try request(stream: false))
        return try decoder.decode(Completion.self, from: data).choices.first?.message.content?.count ?? 0
    }
    func stream() async throws -> Int {
        var (chunks, buffer) = (0, Data())
        for try await piece in bytes.start(session.dataTask(with: try request(stream: true))) {
            buffer.append(piece)
            while let end = buffer.firstRange(of: Data("\n\n".utf8)) {
                let event = buffer[buffer.startIndex..<end.lowerBound]
                buffer = buffer[end.upperBound...]
                let data = event.dropFirst("data: ".utf8.count)
                if data == Data("[DONE]".utf8) { continue }
                if try decoder.decode(Chunk.self, from: data).choices.first?.index == 0 { chunks += 1 }
            }
        }
        return chunks
    }
    return Library(name: "URLSession and Codable", call: call, stream: stream)
}

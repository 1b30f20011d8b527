import Foundation
import Threadline

/// A file goes up and comes back.
public func files(_ client: Client) async throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("example-\(UUID().uuidString).jsonl")
    try Data("{}\n".utf8).write(to: url)
    let file = try await client.files.create(FileCreateParams(file: FileUpload(url), purpose: .batch))
    let more = FileUpload(Data("{}\n".utf8), filename: "more.jsonl")
    _ = try await client.files.create(FileCreateParams(file: more, purpose: .batch))
    let bytes = try await client.files.content(fileId: file.id).write(to: url)
    print("\(file.filename): \(bytes) bytes")
    try FileManager.default.removeItem(at: url)
}

/// A list, read as far as it is wanted: by items, and by pages.
public func paging(_ client: Client) async throws {
    for try await file in client.files.list().prefix(3) { print(file.filename) }
    for try await page in client.files.list().pages { print("\(page.data.count) files, more: \(page.hasNext)") }
}

/// Texts as vectors.
public func embeddings(_ client: Client) async throws {
    let reply = try await client.embeddings.create(EmbeddingCreateParams(input: .text("sky"), model: .textEmbedding3Small))
    print(reply.data.first?.embedding.numbers.count ?? 0)
}

/// A response in the background.
public func background(_ client: Client) async throws {
    let params = ResponseCreateParams(input: .text("Write a report."), model: .gpt5_5)
    let pace = Pace(interval: 0.01) { state in print(state["status"]?.string ?? "") }
    let response = try await client.responses.createAndPoll(params, pace: pace)
    print(response.id)
}

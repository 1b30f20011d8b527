import Threadline

/// All examples by their names.
public let examples: [(name: String, run: @Sendable (Client) async throws -> Void)] = [
    ("page", { try await page($0) }),
    ("first", { try await first($0) }),
    ("chat", { try await chat($0) }),
    ("streamed", { try await streamed($0) }),
    ("errors", { try await errors($0) }),
    ("structured", { try await structured($0) }),
    ("tools", { try await tools($0) }),
    ("files", { try await files($0) }),
    ("paging", { try await paging($0) }),
    ("embeddings", { try await embeddings($0) }),
    ("background", { try await background($0) }),
    ("assistant", { try await assistant($0) }),
    ("handler", { try await handler($0) }),
    ("testing", { try await testing($0) }),
    ("undocumented", { try await undocumented($0) }),
]

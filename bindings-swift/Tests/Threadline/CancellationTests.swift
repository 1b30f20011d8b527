import Foundation
import Threadline
import XCTest

let params = ChatCompletionCreateParams(messages: [.user(ChatCompletionUserMessageParam(content: .text("Hi")))], model: "m")

func client(_ server: Server) throws -> Client {
    var options = ClientOptions(apiKey: "k", baseURL: server.baseURL)
    options.defaults.maxRetries = 0
    return try Client(options)
}

/// What the server sees when a task is cancelled, or a loop left.
final class CancellationTests: XCTestCase {
    func testCancellingACallClosesItsConnection() async throws {
        let server = Server(Server.silence)
        defer { server.stop() }
        let client = try client(server)
        let call = Task { try await client.chat.completions.create(params) }
        let arrived = await server.received(1)
        XCTAssertTrue(arrived)
        call.cancel()
        let closed = await server.sawClosed(1)
        XCTAssertTrue(closed)
        do {
            _ = try await call.value
            XCTFail("a call that was cancelled gave a value")
        } catch {
            XCTAssertTrue(error is CancellationError, "\(error)")
        }
    }

    func testATaskThatIsCancelledAlreadySendsNothing() async throws {
        let server = Server(Server.silence)
        defer { server.stop() }
        let client = try client(server)
        let outcome = await Task { () -> Result<ChatCompletion, ThreadlineError> in
            withUnsafeCurrentTask { $0?.cancel() }
            return await Result.of { try await client.chat.completions.create(params) }
        }.value
        guard case .failure(.cancelled) = outcome else { return XCTFail("\(outcome)") }
    }

    func testLeavingALoopClosesTheConnection() async throws {
        let server = Server(Server.stream)
        defer { server.stop() }
        let client = try client(server)
        for try await chunk in try await client.chat.completions.createStream(params) {
            XCTAssertEqual(chunk.choices.first?.delta.content, "a")
            break
        }
        var closed = await server.sawClosed(1)
        XCTAssertTrue(closed)
        for try await event in try await client.chat.completions.stream(params) where event.textDelta == "a" { break }
        closed = await server.sawClosed(2)
        XCTAssertTrue(closed)
    }

    func testCancellingAReaderWhoWaitsClosesTheConnection() async throws {
        let server = Server(Server.stream)
        defer { server.stop() }
        let client = try client(server)
        let (first, told) = AsyncStream.makeStream(of: Void.self)
        let reader = Task {
            for try await _ in try await client.chat.completions.createStream(params) { told.yield() }
        }
        var heard = first.makeAsyncIterator()
        _ = await heard.next()
        reader.cancel()
        let closed = await server.sawClosed(1)
        XCTAssertTrue(closed)
        let outcome = await reader.result
        guard case .failure(let error) = outcome, error is CancellationError else { return XCTFail("\(outcome)") }
    }

    func testCancellingARunOfToolsCancelsItsFunctions() async throws {
        let call = "{\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"wait\",\"arguments\":\"{}\"}}"
        let message = "{\"role\":\"assistant\",\"content\":null,\"refusal\":null,\"tool_calls\":[\(call)]}"
        let choice = "{\"index\":0,\"finish_reason\":\"tool_calls\",\"logprobs\":null,\"message\":\(message)}"
        let server = Server(Server.json("{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":[\(choice)]}"))
        defer { server.stop() }
        let client = try client(server)
        let (news, tell) = AsyncStream.makeStream(of: String.self)
        let wait = ToolFunction("wait", schema: nil) { (_: JSON) -> String in
            tell.yield("begun")
            do {
                try await Task.sleep(nanoseconds: 600_000_000_000)
            } catch {
                tell.yield("cancelled")
            }
            return "done"
        }
        let run = Task { try await client.chat.completions.runTools(params, functions: [wait]) }
        var heard = news.makeAsyncIterator()
        let begun = await heard.next()
        XCTAssertEqual(begun, "begun")
        run.cancel()
        let cancelled = await heard.next()
        XCTAssertEqual(cancelled, "cancelled")
        let outcome = await run.result
        guard case .failure(let error) = outcome, error is CancellationError else { return XCTFail("\(outcome)") }
    }

    /// Readers that are cancelled behind their first event, over and over: memory, threads and sockets stay as they are.
    func testTenThousandStreamsThatAreCancelledLeaveNothing() async throws {
        let server = Server(Server.stream)
        defer { server.stop() }
        let client = try client(server)
        func leave(_ count: Int) async throws {
            for _ in 0..<(count / 50) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<50 { group.addTask { await cancelledReader(client) } }
                    try await group.waitForAll()
                }
            }
        }
        try await leave(2_000)
        var closed = await server.sawClosed(2_000)
        XCTAssertTrue(closed)
        let before = Held()
        try await leave(8_000)
        closed = await server.sawClosed(10_000)
        XCTAssertTrue(closed)
        let after = Held()
        XCTAssertLessThan(after.resident, before.resident + 48, "memory in MB: \(before.resident) before, \(after.resident) after")
        XCTAssertLessThanOrEqual(after.files, before.files + 10, "open files")
        XCTAssertLessThanOrEqual(after.threads, before.threads + 60, "threads")
    }
}

/// Reads a stream, and is cancelled behind its first event.
private func cancelledReader(_ client: Client) async {
    let reader = Task {
        for try await _ in try await client.chat.completions.createStream(params) { withUnsafeCurrentTask { $0?.cancel() } }
    }
    let outcome = await reader.result
    guard case .failure(let error) = outcome, error is CancellationError else { return XCTFail("\(outcome)") }
}

/// What this process holds.
private struct Held {
    let resident = Held.status("VmRSS:") / 1024
    let threads = Held.status("Threads:")
    let files = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0

    private static func status(_ name: String) -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line.flatMap { Int($0.filter { $0.isNumber }) } ?? 0
    }
}

import Foundation
import Threadline
import XCTest

/// Objects, enums and unions of the API, by hand on a few types; `Tests/Types` goes over all.
final class ValueTests: XCTestCase {
    func testAnObjectKeepsWhatItsTypeDoesNotKnow() throws {
        let text = #"{"id":"m","object":"model","created":12345678901234567890,"owned_by":null,"new":{"a":[1.50,1e3]}}"#
        let model = try Model(parsing: text)
        XCTAssertEqual(model.id, "m")
        XCTAssertEqual(JSON.object(model.json).text, text)
        XCTAssertEqual(model.extra["new"]?["a"]?[0]?.double, 1.5)
        XCTAssertTrue(model.isNull("owned_by"))
        XCTAssertEqual(model.ownedBy, "", "what is of another type reads as empty")
    }

    func testMembersAreSetTakenAwayAndNull() {
        var params = ChatCompletionCreateParams(messages: [], model: .gpt5_5, temperature: 0.5)
        XCTAssertEqual(JSON.object(params.json).text, #"{"messages":[],"model":"gpt-5.5","temperature":0.5}"#)
        params.temperature = nil
        params.setNull("stop")
        params.maxCompletionTokens = 3
        XCTAssertEqual(JSON.object(params.json).text, #"{"messages":[],"model":"gpt-5.5","stop":null,"max_completion_tokens":3}"#)
        XCTAssertEqual(params.maxCompletionTokens, 3)
    }

    func testCodableGoesBothWays() throws {
        let sent = ChatCompletionCreateParams(messages: [.user(ChatCompletionUserMessageParam(content: .text("a\u{1F600}\n")))], model: "m")
        let read = try JSONDecoder().decode(ChatCompletionCreateParams.self, from: JSONEncoder().encode(sent))
        XCTAssertEqual(read, sent)
        XCTAssertEqual(read.hashValue, sent.hashValue)
    }

    func testEnumsAreOpen() throws {
        XCTAssertTrue(RunStatus.completed.isKnown)
        let other: RunStatus = "dreaming"
        XCTAssertFalse(other.isKnown)
        XCTAssertEqual(try JSONDecoder().decode([RunStatus].self, from: Data(#"["dreaming","completed"]"#.utf8)), [other, .completed])
        XCTAssertEqual("\(other)", "dreaming")
    }

    func testUnionsPickTheirArmByItsTagAndKeepTheOthers() throws {
        let user = ChatCompletionMessageParam(json: ["role": "user", "content": "Hi"])
        guard case .user(let message) = user, case .text("Hi") = message.content else { return XCTFail("\(user)") }
        let parts: JSON = ["role": "user", "content": [["type": "text", "text": "a"], ["type": "smell", "of": "rain"]]]
        guard case .user(let mixed) = ChatCompletionMessageParam(json: parts) else { return XCTFail("no user") }
        XCTAssertEqual(mixed.content.json[1]?["of"]?.string, "rain")
        let unknown = ChatCompletionMessageParam(json: ["role": "ghost", "content": "boo"])
        guard case .unknown(let json) = unknown else { return XCTFail("\(unknown)") }
        XCTAssertEqual(json["content"]?.string, "boo")
    }

    func testNumbersKeepTheirDigits() throws {
        let json = try JSON(parsing: "[1.10, 1e400, -0, 9007199254740993, 0.1]")
        XCTAssertEqual(json.text, "[1.10,1e400,-0,9007199254740993,0.1]")
        XCTAssertEqual(json[3]?.int, 9_007_199_254_740_993)
        XCTAssertNil(json[1]?.double)
        XCTAssertEqual(JSON.number(JSONNumber(2.0)).text, "2")
    }

    func testSecretsStayOutOfDescriptions() throws {
        let key = "sk-very-secret"
        let options = ClientOptions(apiKey: key)
        for text in ["\(options)", String(reflecting: options), "\(options.defaults)", "\(Token(key))", String(reflecting: Token(key))] {
            XCTAssertFalse(text.contains(key), text)
        }
        var dumped = ""
        dump(options, to: &dumped)
        XCTAssertFalse(dumped.contains(key), dumped)
    }
}

/// Errors, and calls whose outcome is a value.
final class ErrorTests: XCTestCase {
    func testAnErrorHasItsCaseAndItsFields() async throws {
        let body = #"{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded","param":null}}"#
        let server = Server(
            "HTTP/1.1 429 Too Many Requests\r\nx-request-id: req_9\r\nretry-after: 7\r\nconnection: close\r\n"
                + "content-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")
        defer { server.stop() }
        do {
            _ = try await client(server).models.retrieve(model: "m")
            XCTFail("no error")
        } catch ThreadlineError.rateLimit(let failure) {
            XCTAssertEqual(failure.status, 429)
            XCTAssertEqual(failure.code, "rate_limit_exceeded")
            XCTAssertEqual(failure.requestID, "req_9")
            XCTAssertEqual(failure.retryAfter, 7)
            XCTAssertEqual(failure.attempts, 1)
            XCTAssertTrue(failure.isRetryable)
            XCTAssertEqual(failure.headers["x-request-id"], ["req_9"])
            XCTAssertEqual(String(decoding: failure.body, as: UTF8.self), body)
        }
        let outcome = await Result.of { try await client(server).models.retrieve(model: "m") }
        guard case .failure(let error) = outcome else { return XCTFail("\(outcome)") }
        XCTAssertEqual(error.kind, "rate_limit")
        XCTAssertEqual(error.status, 429)
        XCTAssertTrue(error.localizedDescription.contains("slow down"))
    }

    func testAStreamThatBreaksOffSaysWhatCame() async throws {
        let event = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half\"},\"finish_reason\":null}]}\n\n"
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\ncontent-length: \(event.utf8.count)\r\n\r\n"
        let server = Server(head + event)
        defer { server.stop() }
        do {
            for try await _ in try await client(server).chat.completions.stream(params) {}
            XCTFail("no error")
        } catch ThreadlineError.streamEnded(let failure) {
            XCTAssertEqual(failure.partial?.text, "half")
            XCTAssertEqual(failure.partial?.events, 1)
            XCTAssertEqual(failure.partial?.snapshot?["id"]?.string, "c")
        }
    }

    private struct OutOfPaper: Error, Equatable { let tray: Int }

    func testAnErrorOfTheCallersOwnStaysWhatItIs() async throws {
        let outcome = await Result<Model, ThreadlineError>.of { throw OutOfPaper(tray: 2) }
        guard case .failure(.other(let failure)) = outcome else { return XCTFail("\(outcome)") }
        XCTAssertEqual(failure.kind, "other")
        XCTAssertEqual(failure.underlying as? OutOfPaper, OutOfPaper(tray: 2))
        XCTAssertTrue(failure.message.contains("OutOfPaper"), failure.message)
        let ours = await Result<Model, ThreadlineError>.of { try Model(parsing: "[]") }
        guard case .failure(.other(let refused)) = ours else { return XCTFail("\(ours)") }
        XCTAssertNotNil(refused.underlying as? JSONError)
    }

    func testAStoreOfSettingsMayKeepFilesToo() async throws {
        for store in [AssistantStore.memory, .settings(["store": "sqlite::memory:"]), .settings(["store": "sqlite::memory:", "files": false])] {
            let mine = try Client(ClientOptions(apiKey: "k", assistants: store.withFiles()))
            let assistant = try await mine.beta.assistants.create(AssistantCreateParams(model: "m"))
            XCTAssertEqual(assistant.model, "m")
            let stores = try await mine.vectorStores.list().firstPage()
            XCTAssertTrue(stores.data.isEmpty)
        }
    }

    func testSettingsThatCannotBeUsedAreRefused() {
        XCTAssertThrowsError(try Client(ClientOptions(apiKey: "k", baseURL: "no url"))) { error in
            guard case ThreadlineError.usage? = error as? ThreadlineError else { return XCTFail("\(error)") }
        }
    }
}

/// Handlers of runs.
final class RunHandlerTests: XCTestCase {
    private final class Heard: RunEventHandler, @unchecked Sendable {
        var deltas = ""
        var events = 0
        var messages: [String] = []

        func onEvent(_ event: JSON) async throws { events += 1 }
        func onTextDelta(_ delta: String, snapshot: JSON) async throws { deltas += delta }
        func onMessageDone(_ message: ThreadMessage) async throws { messages.append(message.id) }
    }

    func testAHandlerHearsARun() async throws {
        func event(_ name: String, _ data: String) -> String { "event: \(name)\ndata: \(data)\n\n" }
        let content = #"[{"type":"text","text":{"value":"Hello","annotations":[]}}]"#
        func message(_ status: String, _ content: String) -> String {
            #"{"id":"msg_1","object":"thread.message","role":"assistant","status":"\#(status)","content":\#(content)}"#
        }
        func delta(_ text: String) -> String {
            #"{"id":"msg_1","object":"thread.message.delta","delta":{"content":[{"index":0,"type":"text","text":{"value":"\#(text)"}}]}}"#
        }
        let events = [
            event("thread.run.created", #"{"id":"run_1","object":"thread.run","status":"queued"}"#),
            event("thread.message.created", message("in_progress", "[]")),
            event("thread.message.delta", delta("Hel")), event("thread.message.delta", delta("lo")),
            event("thread.message.completed", message("completed", content)),
            event("thread.run.completed", #"{"id":"run_1","object":"thread.run","status":"completed"}"#), event("done", "[DONE]"),
        ].joined()
        let lines = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\ncontent-length: \(events.utf8.count)\r\n\r\n"
        let server = Server(lines + events)
        defer { server.stop() }
        let heard = Heard()
        let runs = try client(server).beta.threads.runs
        let run = try await runs.stream(threadId: "thread_1", RunCreateParams(assistantId: "asst_1")).result(handler: heard)
        XCTAssertEqual(heard.deltas, "Hello")
        XCTAssertEqual(heard.messages, ["msg_1"])
        XCTAssertGreaterThanOrEqual(heard.events, 6)
        XCTAssertEqual(run.run?.status, .completed)
        XCTAssertEqual(run.messages.first?.id, "msg_1")
    }
}

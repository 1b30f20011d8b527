import Foundation
import Threadline
import XCTest

/// The mock server as tests of programs use it, and routes that have no method.
final class MockTests: XCTestCase {
    func testAServerAnswersAsItIsToldAndThenByTheDescription() async throws {
        let server = try MockServer()
        defer { server.stop() }
        try await server.reply(status: 429, headers: ["retry-after": "0"])
        try await server.synthesise()
        let model = try await server.client().models.retrieve(model: "m")
        XCTAssertFalse(model.id.isEmpty)
        let seen = try await server.requests()
        XCTAssertEqual(seen.map { "\($0)" }, ["GET /v1/models/m", "GET /v1/models/m"])
        XCTAssertEqual(seen.first?.header("Authorization")?.hasPrefix("Bearer "), true)
        XCTAssertEqual(seen.flatMap(\.violations), [])

        try await server.reset()
        try await server.stream([["id": "c", "choices": [["index": 0, "delta": ["content": "Hi"]]]]], route: "POST /chat/completions")
        let params = ChatCompletionCreateParams(messages: [.user(ChatCompletionUserMessageParam(content: .text("Hi")))], model: "m")
        var said = ""
        for try await chunk in try await server.client().chat.completions.createStream(params) { said += chunk.choices.first?.delta.content ?? "" }
        XCTAssertEqual(said, "Hi")
        let asked = try await server.requests()
        XCTAssertEqual(asked.first?.json?["model"]?.string, "m")
        do {
            try await server.script(["nonsense": true])
            XCTFail("a reply that nobody understands")
        } catch ThreadlineError.usage {}
    }

    func testRoutesWithoutAMethodAreCalledByTheirPath() async throws {
        let server = try MockServer()
        defer { server.stop() }
        let client = try server.client()
        let model = try await client.request("GET", "/models/m")
        XCTAssertEqual(model["object"]?.string, "model")
        let typed = try await client.request("GET", "/models/m", as: Model.self)
        XCTAssertFalse(typed.id.isEmpty)
        let question: JSON = [["role": "user", "content": "Hi"]]
        let completion = try await client.request(
            "POST", "/chat/completions", as: ChatCompletion.self, .json(["model": "m", "messages": question]))
        XCTAssertFalse(completion.id.isEmpty)
        var events = 0
        let body: JSONObject = ["model": "m", "messages": question, "stream": true]
        for try await _ in try await client.requestStream("POST", "/chat/completions", .json(body)) { events += 1 }
        XCTAssertGreaterThan(events, 0)
        let file = try await client.requestDownload("GET", "/files/file_1/content").data()
        XCTAssertFalse(file.isEmpty)
        let upload = try await client.request(
            "POST", "/files", .form(["purpose": "batch"], files: ["file": FileUpload(Data("{}".utf8), filename: "a.jsonl")]))
        XCTAssertEqual(upload["object"]?.string, "file")
        do {
            _ = try await client.request("GET", "/nowhere/at/all")
            XCTFail("no such route")
        } catch ThreadlineError.notFound {}
    }

    func testTheResultOfATurnThatALoopHasReadIsNotAskedForAnew() async throws {
        func session(_ status: String) -> JSON {
            [
                "id": "s1", "object": "agent.session", "status": .string(status), "agent": ["id": "a1", "model": "m"], "created_at": 1,
                "environment": ["type": "none"], "last_active_at": 1, "metadata": [:], "required_actions": [], "vault_ids": [], "error": .null,
                "usage": .null,
            ]
        }
        func turn(_ status: String) -> JSON {
            [
                "id": "t1", "object": "agent.session.turn", "agent_id": "a1", "created_at": 1, "session_id": "s1", "status": .string(status),
                "completed_at": .null, "error": .null, "started_at": 1, "subagent_id": .null, "usage": .null,
            ]
        }
        func event(_ type: String, _ number: Int, _ more: JSONObject) -> JSON {
            var event: JSONObject = ["type": .string("agent.session." + type), "event_id": .string("e\(number)")]
            for member in more.members { event[member.name] = member.value }
            return .object(event)
        }
        let item: JSON = [
            "id": "m1", "type": "message", "role": "assistant", "status": "completed", "turn_id": "t1", "phase": "final_answer",
            "content": [["type": "output_text", "text": "Hello"]],
        ]
        let events: [JSON] = [
            event("idle", 1, ["session": session("idle")]),
            event("turn.created", 2, ["session_id": "s1", "turn_id": "t1", "turn": turn("in_progress")]),
            event("in_progress", 3, ["session": session("in_progress")]),
            event("turn.item.done", 4, ["session_id": "s1", "turn_id": "t1", "output_index": 0, "item": item]),
            event("turn.completed", 5, ["session_id": "s1", "turn_id": "t1", "turn": turn("completed")]),
            event("idle", 6, ["session": session("idle")]),
        ]
        let server = try MockServer()
        defer { server.stop() }
        try await server.script(
            ["for": "GET /agents/sessions/{session_id}", "json": session("idle")],
            ["for": "GET /agents/sessions/{session_id}/events", "sse": .array(events), "last_chunk": false, "end": "hold"],
            ["for": "POST /agents/sessions/{session_id}/events", "status": 204, "times": 1])
        let followed = try server.client().beta.agents.sessions.stream(sessionId: "s1", input: "Hi")
        var seen = 0
        for try await _ in followed { seen += 1 }
        XCTAssertEqual(seen, events.count)
        for _ in 0..<2 {
            let result = try await followed.result()
            XCTAssertEqual(result.outputText, "Hello")
            XCTAssertEqual(result.turn.id, "t1")
        }
        do {
            for try await _ in followed { XCTFail("an event of a turn that was sent before") }
            XCTFail("a second turn")
        } catch ThreadlineError.usage {}
        let sent = try await server.requests().filter { $0.verb == "POST" }
        XCTAssertEqual(sent.count, 1)
    }
}

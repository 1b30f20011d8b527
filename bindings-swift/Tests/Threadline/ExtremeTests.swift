import Foundation
import Threadline
import XCTest

/// What a server may say, and a program ask for, at the far ends.
final class ExtremeTests: XCTestCase {
    func testNumbersBeyondAllBoundsAreNumbersAllTheSame() throws {
        let expected: [(String, Int?)] = [
            ("1e9223372036854775807", nil), ("-10e9223372036854775807", nil), ("0.1e-9223372036854775808", nil),
            ("1e99999999999999999999", nil), ("1e-99999999999999999999", nil), ("0e99999999999999999999", 0), ("-0.0e9", 0),
            ("9223372036854775807.0", .max), ("-9223372036854775808.0", .min), ("9223372036854775808.0", nil),
            ("0.0000000000000000000000000000001e31", 1), (String(repeating: "9", count: 400) + ".0", nil),
        ]
        for (text, whole) in expected {
            let model = try Model(parsing: #"{"id":"m","object":"model","created":\#(text),"owned_by":"o"}"#)
            XCTAssertEqual(model.json["created"]?.int, whole, text)
            XCTAssertEqual(model.created, whole ?? 0, text)
            XCTAssertTrue(JSON.object(model.json).text.contains(text), text)
            XCTAssertEqual(try JSON(parsing: text), try JSON(parsing: text))
        }
    }

    func testALengthBelowZeroIsUnknown() async throws {
        let mock = try MockServer()
        defer { mock.stop() }
        let client = try Client(ClientOptions(apiKey: "test", baseURL: mock.baseURL))
        let left = Pieces(["a", "bc"])
        let upload = FileUpload(length: -1, filename: "a.jsonl") { _ in left.next() }
        let file = try await client.files.create(FileCreateParams(file: upload, purpose: .batch))
        XCTAssertFalse(file.id.isEmpty)
    }

    func testAToleranceMayHaveNoEndButMustBeANumber() throws {
        let webhooks = try Client(ClientOptions(apiKey: "k")).webhooks
        for tolerance in [TimeInterval.infinity, 1e300, -5] {
            XCTAssertThrowsError(try webhooks.verifySignature(Data("{}".utf8), headers: [:], secret: "whsec_c2VjcmV0", tolerance: tolerance)) { error in
                guard case ThreadlineError.webhookSignature? = error as? ThreadlineError else { return XCTFail("\(error)") }
            }
        }
        XCTAssertThrowsError(try webhooks.verifySignature(Data("{}".utf8), headers: [:], secret: "whsec_c2VjcmV0", tolerance: .nan)) { error in
            guard case ThreadlineError.usage? = error as? ThreadlineError else { return XCTFail("\(error)") }
        }
    }

    func testATurnSendsItsInputOnce() async throws {
        let server = Server(Server.json("{}"))
        defer { server.stop() }
        let turn = try client(server).beta.agents.sessions.stream(sessionId: "s", input: "Hi")
        do {
            for try await _ in turn {}
        } catch {
            // The server is no agent.
        }
        do {
            try await turn.result()
            XCTFail("a second turn")
        } catch ThreadlineError.usage(let failure) {
            XCTAssertTrue(failure.message.contains("once"), failure.message)
        }
    }

    func testAFileOfThisMachineIsNotNamedByJSON() throws {
        let read = try FileCreateParams(parsing: #"{"purpose":"batch","file":{"$file":{"path":"/etc/passwd"}}}"#)
        XCTAssertNotEqual(read.file.filename, "passwd")
        XCTAssertNil(FileUpload._read(["$file": ["path": "/etc/passwd"]]))
        XCTAssertNotNil(FileUpload._read(["$file": ["text": "abc"]]))
    }

    func testADownloadIsReadOnce() async throws {
        let server = Server(Server.json(#"{"a":1}"#))
        defer { server.stop() }
        let download = try await client(server).containers.files.content.retrieve(containerId: "c", fileId: "f")
        let data = try await download.data()
        XCTAssertEqual(data, Data(#"{"a":1}"#.utf8))
        do {
            _ = try await download.data()
            XCTFail("nothing is left, and nobody says so")
        } catch ThreadlineError.usage {
        }
        let target = FileManager.default.temporaryDirectory.appendingPathComponent("threadline-\(UUID())")
        try Data("before".utf8).write(to: target)
        defer { try? FileManager.default.removeItem(at: target) }
        do {
            try await download.write(to: target)
            XCTFail("nothing is left, and nobody says so")
        } catch ThreadlineError.usage {
        }
        XCTAssertEqual(try Data(contentsOf: target), Data("before".utf8), "what was there stays until all is there")
    }
}

/// Texts, one after the other.
private final class Pieces: @unchecked Sendable {
    private let lock = NSLock()
    private var left: [String]

    init(_ texts: [String]) {
        left = texts
    }

    func next() -> Data { lock.withLock { left.isEmpty ? Data() : Data(left.removeFirst().utf8) } }
}

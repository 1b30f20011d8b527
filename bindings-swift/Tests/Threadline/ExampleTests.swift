import Foundation
import Threadline
import ThreadlineExamples
import XCTest

/// The examples run against the mock server, and the pages show what the examples say.
final class ExampleTests: XCTestCase {
    func testExamplesRun() async throws {
        let mock = try MockServer()
        defer { mock.stop() }
        let client = try Client(ClientOptions(apiKey: "test", baseURL: mock.baseURL))
        for example in examples {
            do {
                try await example.run(client)
            } catch {
                XCTFail("the example \(example.name): \(error)")
            }
        }
    }

    /// The folder of the repository.
    private var root: URL {
        if let given = ProcessInfo.processInfo.environment["THREADLINE_ROOT"] { return URL(fileURLWithPath: given) }
        return (0..<4).reduce(URL(fileURLWithPath: #filePath)) { path, _ in path.deletingLastPathComponent() }
    }

    private func lines(_ text: some StringProtocol) -> [String] {
        text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    func testBlocksOfThePagesStandInExamples() throws {
        let folder = root.appendingPathComponent("bindings-swift/Examples")
        let sources = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).map {
            lines(try String(contentsOf: $0, encoding: .utf8))
        }
        for page in ["docs/guide/swift.md", "bindings-swift/README.md", "README.md"] {
            let text = try String(contentsOf: root.appendingPathComponent(page), encoding: .utf8)
            let blocks = text.components(separatedBy: "```swift\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
            XCTAssertFalse(blocks.isEmpty, "\(page) has no example")
            for block in blocks {
                let shown = lines(block).filter { !$0.hasPrefix("import ") && !$0.hasPrefix("let client =") }
                let found = sources.contains { source in
                    source.indices.contains { source[$0...].starts(with: shown) }
                }
                XCTAssertTrue(found, "\(page): the block that begins with `\(shown.first ?? "")` is in no example")
            }
        }
    }
}

import Foundation
import Threadline

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// One library: a call, which gives the length of the answer, and a stream, which gives the number of its chunks.
struct Library {
    let name: String
    let call: () async throws -> Int
    let stream: () async throws -> Int
}

func ours(_ url: String) throws -> Library {
    let client = try Client(ClientOptions(apiKey: "k", baseURL: url))
    let params = ChatCompletionCreateParams(messages: [.user(ChatCompletionUserMessageParam(content: .text("Hi")))], model: "m")
    return Library(
        name: "threadline",
        call: { try await client.chat.completions.create(params).choices.first?.message.content?.count ?? 0 },
        stream: {
            var chunks = 0
            for try await chunk in try await client.chat.completions.createStream(params) where chunk.choices.first?.index == 0 { chunks += 1 }
            return chunks
        })
}

/// Microseconds of CPU that this process has used.
func cpu() -> Double {
    var used = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used)
    return Double(used.tv_sec) * 1e6 + Double(used.tv_nsec) / 1e3
}

/// Microseconds of CPU of this process for each of so many pieces of work.
func measured(_ times: Int, pieces: Int, expected: Int, _ work: () async throws -> Int) async throws -> Double {
    let before = cpu()
    for _ in 0..<times {
        let got = try await work()
        guard got == expected else { fatalError("\(got) where the server gave \(expected)") }
    }
    return (cpu() - before) / Double(times * pieces)
}

func padded(_ text: String, _ width: Int) -> String { text.padding(toLength: width, withPad: " ", startingAt: 0) }
func number(_ value: Double) -> String {
    let text = String(format: "%.2f", value)
    return String(repeating: " ", count: max(0, 16 - text.count)) + text
}

// `serve`: the other end, in a process of its own; else the URL of that process: the best of several rounds, in which the libraries take turns.
if CommandLine.arguments.dropFirst().first == "serve" {
    serve()
} else if let url = CommandLine.arguments.dropFirst().first {
    let libraries = [try ours(url), baseline(url)]
    var calls = [Double](repeating: .infinity, count: libraries.count)
    var chunks = calls
    for library in libraries {
        _ = try await measured(200, pieces: 1, expected: 400, library.call)
        _ = try await measured(20, pieces: chunksOfStream, expected: chunksOfStream, library.stream)
    }
    for _ in 0..<5 {
        for (place, library) in libraries.enumerated() {
            calls[place] = min(calls[place], try await measured(500, pieces: 1, expected: 400, library.call))
            chunks[place] = min(chunks[place], try await measured(40, pieces: chunksOfStream, expected: chunksOfStream, library.stream))
        }
    }
    print("\(padded("CPU", 34)) \(padded("     a call, µs", 16)) \(padded("    a chunk, µs", 16))")
    for (place, library) in libraries.enumerated() { print("\(padded(library.name, 34)) \(number(calls[place])) \(number(chunks[place]))") }
    print(String(format: "ratio to the baseline: call %.2f, chunk %.2f", calls[0] / calls[1], chunks[0] / chunks[1]))
} else {
    print("usage: Bench serve | Bench URL")
    exit(2)
}

import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Chunks of a stream.
let chunksOfStream = 500

private let head = "\"id\":\"chatcmpl-1\",\"created\":1,\"model\":\"m\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp\""

private func toolCall(_ number: Int) -> String {
    "{\"id\":\"call_\(number)\",\"type\":\"function\",\"function\":{\"name\":\"look\",\"arguments\":\"{\\\"a\\\": 1}\"}}"
}

private func completion() -> String {
    let message = "{\"role\":\"assistant\",\"content\":\"\(String(repeating: "x", count: 400))\",\"refusal\":null,\"tool_calls\":[\(toolCall(0)),\(toolCall(1))]}"
    let usage = "{\"prompt_tokens\":10,\"completion_tokens\":20,\"total_tokens\":30,\"prompt_tokens_details\":{\"cached_tokens\":0,\"audio_tokens\":0},"
        + "\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0}}"
    let choice = "{\"index\":0,\"finish_reason\":\"tool_calls\",\"logprobs\":null,\"message\":\(message)}"
    return "{\(head),\"object\":\"chat.completion\",\"choices\":[\(choice)],\"usage\":\(usage)}"
}

private func chunk(_ number: Int) -> String {
    let end = number == chunksOfStream - 1
    let delta = end ? "{}" : "{\"content\":\"word\(number) \"}"
    let choice = "{\"index\":0,\"delta\":\(delta),\"logprobs\":null,\"finish_reason\":\(end ? "\"stop\"" : "null")}"
    return "data: {\(head),\"object\":\"chat.completion.chunk\",\"choices\":[\(choice)]}\n\n"
}

private func reply(_ body: String, _ type: String) -> [UInt8] {
    let lines = "HTTP/1.1 200 OK\r\ncontent-type: \(type)\r\ncontent-length: \(body.utf8.count)\r\nx-request-id: req_1\r\n\r\n"
    return Array((lines + body).utf8)
}

/// Canned replies over HTTP/1.1, for ever. The first line of the output says where.
func serve() -> Never {
    let whole = reply(completion(), "application/json")
    let stream = reply((0..<chunksOfStream).map(chunk).joined() + "data: [DONE]\n\n", "text/event-stream")
    #if canImport(Glibc)
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
    let socket = Darwin.socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0 }
    }
    guard bound, listen(socket, 64) == 0 else { fatalError("cannot listen") }
    print("http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/v1")
    fflush(nil)
    signal(SIGPIPE, SIG_IGN)
    while true {
        let peer = accept(socket, nil, nil)
        if peer >= 0 { Thread.detachNewThread { converse(peer, whole, stream) } }
    }
}

/// Answers the requests of a connection until its end.
private func converse(_ peer: Int32, _ whole: [UInt8], _ stream: [UInt8]) {
    defer { close(peer) }
    var one: Int32 = 1
    setsockopt(peer, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    var buffer = Data()
    var piece = [UInt8](repeating: 0, count: 65536)
    while true {
        if let end = buffer.range(of: Data("\r\n\r\n".utf8)) {
            let lines = String(decoding: buffer[buffer.startIndex..<end.lowerBound], as: UTF8.self).lowercased().split(separator: "\r\n")
            let length = lines.first { $0.hasPrefix("content-length:") }.flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) } ?? 0
            if buffer.distance(from: end.upperBound, to: buffer.endIndex) >= length {
                let body = buffer[end.upperBound..<buffer.index(end.upperBound, offsetBy: length)]
                let isStream = String(decoding: body, as: UTF8.self).contains("\"stream\":true")
                buffer = Data(buffer[buffer.index(end.upperBound, offsetBy: length)...])
                let answer = isStream ? stream : whole
                var sent = 0
                while sent < answer.count {
                    let written = answer[sent...].withUnsafeBytes { send(peer, $0.baseAddress, $0.count, 0) }
                    if written <= 0 { return }
                    sent += written
                }
                continue
            }
        }
        let count = recv(peer, &piece, piece.count, 0)
        if count <= 0 { return }
        buffer.append(contentsOf: piece[0..<count])
    }
}

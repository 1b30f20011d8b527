import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A server of a few lines, which sees when its peer closes: reads a request, says `reply`, and waits for the end of the connection.
final class Server: @unchecked Sendable {
    /// The head of a stream, and its first event; the rest never comes.
    static let stream =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
        + "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\","
        + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}\n\n"
    /// No reply at all.
    static let silence = ""

    /// A whole reply of JSON.
    static func json(_ body: String) -> String {
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    let baseURL: String
    private let socket: Int32
    private let reply: [UInt8]
    private let changed = NSCondition()
    private var requests = 0
    private var closed = 0

    init(_ reply: String) {
        self.reply = Array(reply.utf8)
        #if canImport(Glibc)
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        socket = Darwin.socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let socket = self.socket
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0 }
        }
        precondition(bound && listen(socket, 4096) == 0, "cannot listen")
        baseURL = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/v1"
        Foundation.Thread.detachNewThread { [self] in accepting() }
    }

    private func accepting() {
        while true {
            let peer = accept(socket, nil, nil)
            if peer < 0 { return }
            Foundation.Thread.detachNewThread { [self] in
                if read(peer) {
                    note { requests += 1 }
                    var sent = 0
                    while sent < reply.count {
                        let count = reply[sent...].withUnsafeBytes { send(peer, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                        if count <= 0 { break }
                        sent += count
                    }
                    var byte: UInt8 = 0
                    while recv(peer, &byte, 1, 0) > 0 {}
                    note { closed += 1 }
                }
                close(peer)
            }
        }
    }

    /// Reads a request to its end.
    private func read(_ peer: Int32) -> Bool {
        var (buffer, piece) = (Data(), [UInt8](repeating: 0, count: 16384))
        while true {
            if let end = buffer.range(of: Data("\r\n\r\n".utf8)) {
                let lines = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).lowercased().components(separatedBy: "\r\n")
                let length = lines.first { $0.hasPrefix("content-length:") }.flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
                if buffer.count - end.upperBound >= length ?? 0 { return true }
            }
            let count = recv(peer, &piece, piece.count, 0)
            if count <= 0 { return false }
            buffer.append(contentsOf: piece[0..<count])
        }
    }

    private func note(_ change: () -> Void) {
        changed.lock()
        change()
        changed.broadcast()
        changed.unlock()
    }

    /// Waits until the client has sent so many requests.
    func received(_ count: Int) async -> Bool { await wait { self.requests >= count } }

    /// Waits until the client has closed so many connections.
    func sawClosed(_ count: Int) async -> Bool { await wait { self.closed >= count } }

    private func wait(_ done: @escaping @Sendable () -> Bool) async -> Bool {
        await withCheckedContinuation { continuation in
            Foundation.Thread.detachNewThread { [changed] in
                let end = Date(timeIntervalSinceNow: 120)
                changed.lock()
                while !done() && changed.wait(until: end) {}
                let holds = done()
                changed.unlock()
                continuation.resume(returning: holds)
            }
        }
    }

    /// Stops listening.
    func stop() {
        shutdown(socket, Int32(SHUT_RDWR))
        close(socket)
    }
}

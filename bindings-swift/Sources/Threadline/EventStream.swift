import Foundation
import ThreadlineFFI

/// Events of a stream, read once. When the loop over it ends, for whatever reason, or its task is cancelled, the connection is closed.
/// A stream that breaks off fails with ``ThreadlineError/streamEnded(_:)``.
public struct EventStream<Element: Sendable>: AsyncSequence, Sendable {
    /// Status and headers of the reply.
    public let head: ReplyHead
    private let source: Source
    private let read: @Sendable (JSON) -> Element?

    init(_ native: ThreadlineFFI.EventStream) where Element: _Value {
        head = ReplyHead(native.head())
        source = Source(native)
        read = { @Sendable (raw: JSON) -> Element? in Element._read(raw) }
    }

    /// Closes the connection. Whoever waits for an event gets the end.
    public func close() { source.native.shut() }

    public func makeAsyncIterator() -> Iterator { Iterator(closing: Closing(source), head: head, read: read) }

    /// Holds the connection.
    fileprivate final class Source: Sendable {
        let native: ThreadlineFFI.EventStream

        init(_ native: ThreadlineFFI.EventStream) {
            self.native = native
        }

        deinit { native.shut() }
    }

    /// Closes the connection when the loop is left.
    fileprivate final class Closing: Sendable {
        let source: Source

        init(_ source: Source) {
            self.source = source
        }

        deinit { source.native.shut() }
    }

    /// Reads events in batches: all that have arrived cross at once.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let closing: Closing
        fileprivate let head: ReplyHead
        fileprivate let read: @Sendable (JSON) -> Element?
        private var batch: [JSON] = []
        private var at = 0

        fileprivate init(closing: Closing, head: ReplyHead, read: @escaping @Sendable (JSON) -> Element?) {
            self.closing = closing
            self.head = head
            self.read = read
        }

        public mutating func next() async throws -> Element? {
            while at == batch.count {
                let native = closing.source.native
                guard let bytes = try await Calls.wait({ try await native.nextBatch(cancel: $0) }) else { return nil }
                batch = try Calls.tree(bytes, head).array ?? []
                at = 0
            }
            let raw = batch[at]
            at += 1
            guard let event = read(raw) else { throw ThreadlineError.of("decode", "an event of the stream is no \(Element.self)", head) }
            return event
        }
    }
}

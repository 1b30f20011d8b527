import Foundation
import ThreadlineFFI

/// One page of a list.
public struct Page<Element: Sendable>: Sendable {
    /// Its items.
    public let data: [Element]
    /// Status and headers of its reply.
    public let head: ReplyHead
    /// Whether the server says that there is more.
    public let hasNext: Bool
    fileprivate let body: Data

    /// A member of the page beside its items, such as `first_id`.
    public subscript(name: String) -> JSON? { (try? JSON(parsing: body))?[name] }
}

/// All items of a list. Each page is asked for when it is needed; another loop begins at the first page again.
public struct PageSequence<Element: Sendable>: AsyncSequence, Sendable {
    private let onReply: (@Sendable (ReplyHead) -> Void)?
    private let open: @Sendable () throws -> Pager
    private let read: @Sendable (JSON) -> Element?

    init(onReply: (@Sendable (ReplyHead) -> Void)?, open: @escaping @Sendable () throws -> Pager) where Element: _Value {
        self.onReply = onReply
        self.open = open
        read = { @Sendable (raw: JSON) -> Element? in Element._read(raw) }
    }

    /// The list page by page.
    public var pages: Pages { Pages(list: self) }

    /// The first page.
    public func firstPage() async throws -> Page<Element> {
        var pages = self.pages.makeAsyncIterator()
        guard let page = try await pages.next() else { throw ThreadlineError.of("decode", "a list without a page") }
        return page
    }

    public func makeAsyncIterator() -> Iterator { Iterator(pages: pages.makeAsyncIterator()) }

    /// Reads items.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate var pages: Pages.Iterator
        private var page: [Element] = []
        private var at = 0

        fileprivate init(pages: Pages.Iterator) {
            self.pages = pages
        }

        public mutating func next() async throws -> Element? {
            while at == page.count {
                guard let next = try await pages.next() else { return nil }
                page = next.data
                at = 0
            }
            at += 1
            return page[at - 1]
        }
    }

    /// The list page by page.
    public struct Pages: AsyncSequence, Sendable {
        public typealias Element = Page<PageSequence.Element>
        fileprivate let list: PageSequence

        public func makeAsyncIterator() -> Iterator { Iterator(list: list) }

        /// Reads pages.
        public struct Iterator: AsyncIteratorProtocol {
            fileprivate let list: PageSequence
            private var pager: Pager?

            fileprivate init(list: PageSequence) {
                self.list = list
            }

            public mutating func next() async throws -> Page<PageSequence.Element>? {
                let pager = try self.pager ?? Calls.now(list.open)
                self.pager = pager
                guard let reply = try await Calls.wait({ try await pager.next(cancel: $0) }) else { return nil }
                let head = ReplyHead(reply.head)
                list.onReply?(head)
                let items = try (Calls.tree(reply.items, head).array ?? []).map { raw in
                    guard let item = list.read(raw) else {
                        throw ThreadlineError.of("decode", "an item of the list is no \(PageSequence.Element.self)", head)
                    }
                    return item
                }
                return Page(data: items, head: head, hasNext: reply.hasNext, body: reply.body)
            }
        }
    }
}

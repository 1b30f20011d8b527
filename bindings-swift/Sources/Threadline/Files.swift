import Foundation
import ThreadlineFFI

/// A file to send. It is read while the request goes out, not before.
public final class FileUpload: Sendable, Hashable, _Value {
    fileprivate enum Source: Sendable {
        case path(String)
        case data(Data)
        case reader(@Sendable (Int) throws -> Data, length: Int?)
    }

    fileprivate let source: Source
    /// The name that is sent; of a path its last part, where none was given.
    public let filename: String?
    /// The content type that is sent; by the name's ending, where none was given.
    public let contentType: String?

    private init(_ source: Source, _ filename: String?, _ contentType: String?) {
        self.source = source
        self.filename = filename
        self.contentType = contentType
    }

    /// A file on disk. It is sent again when a call is retried.
    public convenience init(_ url: URL, filename: String? = nil, contentType: String? = nil) {
        self.init(.path(url.path), filename, contentType)
    }

    /// Bytes.
    public convenience init(_ data: Data, filename: String? = nil, contentType: String? = nil) {
        self.init(.data(data), filename, contentType)
    }

    /// Bytes that are asked for while they are sent, at most so many at a time, none at the end; a call that sends them is not retried.
    /// `length` in bytes, where it is known. `read` is called on a thread that may wait.
    public convenience init(
        length: Int? = nil, filename: String? = nil, contentType: String? = nil, read: @escaping @Sendable (Int) throws -> Data
    ) {
        self.init(.reader(read, length: length), filename, contentType)
    }

    var native: ThreadlineFFI.Upload {
        var upload = ThreadlineFFI.Upload(
            path: nil, bytes: nil, reader: nil, length: nil, filename: filename, contentType: contentType)
        switch source {
        case .path(let path): upload.path = path
        case .data(let data): upload.bytes = data
        case .reader(let read, let length):
            upload.reader = ForeignReader(read)
            // Below zero it is unknown, as `URLResponse` says it.
            upload.length = length.flatMap { UInt64(exactly: $0) }
        }
        return upload
    }

    public static func == (one: FileUpload, other: FileUpload) -> Bool { one === other }
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }

    /// In JSON a file is `{"$file": {"path" | "text" | "base64": …, "filename": …, "content_type": …}}`, as in the call protocol. A path
    /// is taken only where `_takesPaths` says so.
    public static func _read(_ json: JSON) -> FileUpload? {
        if case .other(let other) = json, case .upload(let file) = other.value { return file }
        guard let file = json["$file"]?.object else { return nil }
        let (filename, type) = (file["filename"]?.string, file["content_type"]?.string)
        if let path = file["path"]?.string { return _takesPaths ? FileUpload(.path(path), filename, type) : nil }
        if let text = file["text"]?.string { return FileUpload(.data(Data(text.utf8)), filename, type) }
        guard let bytes = file["base64"]?.string.flatMap({ Data(base64Encoded: $0) }) else { return nil }
        return FileUpload(.data(bytes), filename, type)
    }

    public static var _blank: FileUpload { FileUpload(Data()) }

    /// Whether JSON may name files of this machine, which are read when they are sent: for programs whose input is their own. To be set before
    /// anything is read.
    nonisolated(unsafe) public static var _takesPaths = false
    public func _json() -> JSON { .other(JSONOther(value: .upload(self))) }
}

/// A reader of the caller's for the native library.
private final class ForeignReader: Reader {
    private let pull: @Sendable (Int) throws -> Data

    init(_ pull: @escaping @Sendable (Int) throws -> Data) {
        self.pull = pull
    }

    func read(most: UInt32) throws -> Data {
        do {
            return try pull(Int(most))
        } catch {
            throw foreign("the file cannot be read: \(error)")
        }
    }
}

/// The error that a function of the caller's hands to the native library.
func foreign(_ message: String) -> CallError {
    .Failed(
        record: ErrorRecord(
            kind: "usage", message: message, status: nil, errorType: nil, code: nil, param: nil, requestId: nil, attempts: 0,
            retryAfter: nil, retryable: false, headers: "", body: Data(), more: ""))
}

/// A reply of bytes: a file, an audio clip, a video. It is read once, in one of these ways.
public final class Download: Sendable {
    /// Status and headers; `content-type` says what the bytes are.
    public let head: ReplyHead
    private let native: ThreadlineFFI.Download

    init(_ native: ThreadlineFFI.Download) {
        self.native = native
        head = ReplyHead(native.head())
    }

    deinit { native.shut() }

    /// The pieces as they arrive.
    public var chunks: Chunks { Chunks(download: self) }

    /// All bytes.
    public func data() async throws -> Data {
        var all = Data()
        for try await chunk in chunks { all.append(chunk) }
        return all
    }

    /// Writes the bytes into a file, which appears, or is replaced, when all of them are there. The number of bytes.
    @discardableResult
    public func write(to url: URL) async throws -> Int {
        let native = self.native
        return Int(try await Calls.wait { try await native.writeTo(path: url.path, cancel: $0) })
    }

    /// Closes the connection.
    public func close() { native.shut() }

    /// The pieces of a download.
    public struct Chunks: AsyncSequence, Sendable {
        public typealias Element = Data
        fileprivate let download: Download

        public func makeAsyncIterator() -> Iterator { Iterator(download: download) }

        /// Reads pieces.
        public struct Iterator: AsyncIteratorProtocol {
            fileprivate let download: Download
            private var isOver = false

            fileprivate init(download: Download) {
                self.download = download
            }

            public mutating func next() async throws -> Data? {
                if isOver { return nil }
                let native = download.native
                let chunk = try await Calls.wait { try await native.nextChunk(cancel: $0) }
                if chunk == nil {
                    isOver = true
                    // Whoever reads again is told that nothing is left.
                    native.shut()
                }
                return chunk
            }
        }
    }
}

import Foundation
import ThreadlineFFI

/// What an upload into a vector store may say beside its files.
public struct StoreUpload: Sendable {
    /// Values to filter searches by.
    public var attributes: [String: VectorStoreAttribute]?
    /// How the texts are cut.
    public var chunkingStrategy: FileChunkingStrategyParam?
    /// Of a batch: files that were uploaded before.
    public var fileIDs: [String]?
    /// Of a batch: how many uploads run at the same time.
    public var maxConcurrency: Int?

    /// An upload with nothing to say.
    public init() {}

    func sent(_ files: [FileUpload]) -> Calls.Sent {
        var fields = JSONObject()
        fields.add("attributes", attributes)
        fields.add("chunking_strategy", chunkingStrategy)
        fields.add("file_ids", fileIDs)
        fields.add("max_concurrency", maxConcurrency)
        var sent = Calls.Sent(fields)
        sent.files = files.map { $0.native }
        return sent
    }
}

extension VectorStoresFilesResource {
    /// Uploads a file into the store and does not wait.
    public func upload(
        vectorStoreId: String, file: FileUpload, _ upload: StoreUpload = StoreUpload(), options: RequestOptions? = nil
    ) async throws -> VectorStoreFile {
        let (native, sent, text) = (_calls.native, upload.sent([]), options?.text ?? "")
        let reply = try await Calls.wait { handle in
            try await native.uploadStoreFile(store: vectorStoreId, fields: sent.fields, file: file.native, options: text, cancel: handle)
        }
        let head = ReplyHead(reply.head)
        options?.onReply?(head)
        return try Calls.decoded(reply.body, head)
    }

    /// Uploads a file into the store and waits until it is in it.
    public func uploadAndPoll(
        vectorStoreId: String, file: FileUpload, _ upload: StoreUpload = StoreUpload(), pace: Pace = Pace(), options: RequestOptions? = nil
    ) async throws -> VectorStoreFile {
        try await _calls.poll("vector_stores.files", [], upload.sent([file]), ids: [vectorStoreId], upload: "file", pace, options)
    }
}

extension VectorStoresFileBatchesResource {
    /// Uploads files into the store and waits until they are in it.
    public func uploadAndPoll(
        vectorStoreId: String, files: [FileUpload], _ upload: StoreUpload = StoreUpload(), pace: Pace = Pace(),
        options: RequestOptions? = nil
    ) async throws -> VectorStoreFileBatch {
        try await _calls.poll("vector_stores.file_batches", [], upload.sent(files), ids: [vectorStoreId], upload: "batch", pace, options)
    }
}

/// How far an upload in parts is.
public struct UploadProgress: Sendable {
    /// Id of the upload.
    public let uploadID: String
    /// Bytes that are there.
    public let bytesDone: Int
    /// Bytes of the file.
    public let bytesTotal: Int
    /// Parts that are there.
    public let partsDone: Int
    /// Parts of the file.
    public let partsTotal: Int
}

/// How a file is uploaded in parts.
public struct ChunkedUpload: Sendable {
    /// Name to send; of a path its last part, where none is given.
    public var filename: String?
    /// Length of the file; needed of a reader of unknown length.
    public var bytes: Int?
    /// Bytes of a part. Default 64 MiB.
    public var partSize: Int?
    /// How many parts are sent at the same time.
    public var maxConcurrency: Int?
    /// MD5 of the file in hex, for the server to compare.
    public var md5: String?
    /// Whether the MD5 is computed here while the file is sent.
    public var computeMD5 = false
    /// Whether the upload stays open when it fails, to be resumed.
    public var keepOnFailure = false
    /// When the file expires.
    public var expiresAfter: ExpiresAfter?
    /// An upload that failed, by its error's `unfinished`: what is there already is not sent again.
    public var resume: Failure.Unfinished?
    /// Hears how far it is. It must return at once.
    public var onProgress: (@Sendable (UploadProgress) -> Void)?

    /// An upload as the library does it by itself.
    public init() {}
}

extension UploadsResource {
    /// Uploads a large file in parts.
    public func uploadFileChunked(
        _ file: FileUpload, mimeType: String, purpose: FilePurpose, _ upload: ChunkedUpload = ChunkedUpload(), options: RequestOptions? = nil
    ) async throws -> Upload {
        var arguments = JSONObject()
        arguments.add("mime_type", mimeType)
        arguments.add("purpose", purpose)
        arguments.add("filename", upload.filename)
        arguments.add("md5", upload.md5)
        arguments.add("bytes", upload.bytes)
        arguments.add("part_size", upload.partSize)
        arguments.add("max_concurrency", upload.maxConcurrency)
        arguments.add("compute_md5", upload.computeMD5)
        arguments.add("keep_on_failure", upload.keepOnFailure)
        arguments.add("expires_after", upload.expiresAfter)
        if let before = upload.resume {
            let uploaded: [JSON] = before.uploaded.map { $0.map { .string($0) } ?? .null }
            arguments.add("resume", JSON.object(["id": .string(before.id ?? ""), "uploaded": .array(uploaded)]))
        }
        let (native, text, given) = (_calls.native, JSON.object(arguments).text, options?.text ?? "")
        let listener = upload.onProgress.map { ForeignListener($0) }
        let reply = try await Calls.wait { handle in
            try await native.uploadChunked(file: file.native, arguments: text, options: given, listener: listener, cancel: handle)
        }
        let head = ReplyHead(reply.head)
        options?.onReply?(head)
        return try Calls.decoded(reply.body, head)
    }
}

/// A listener of the caller's for the native library.
private final class ForeignListener: ProgressListener {
    private let hear: @Sendable (UploadProgress) -> Void

    init(_ hear: @escaping @Sendable (UploadProgress) -> Void) {
        self.hear = hear
    }

    func progress(uploadId: String, bytesDone: UInt64, bytesTotal: UInt64, partsDone: UInt64, partsTotal: UInt64) {
        hear(
            UploadProgress(
                uploadID: uploadId, bytesDone: Int(clamping: bytesDone), bytesTotal: Int(clamping: bytesTotal),
                partsDone: Int(clamping: partsDone), partsTotal: Int(clamping: partsTotal)))
    }
}

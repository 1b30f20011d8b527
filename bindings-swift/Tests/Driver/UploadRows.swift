import Foundation
import Threadline

extension Arguments {
    func store() throws -> StoreUpload {
        var upload = StoreUpload()
        upload.attributes = try take("attributes").map { try typed($0) }
        upload.chunkingStrategy = try take("chunking_strategy").map { try typed($0) }
        upload.fileIDs = try take("file_ids").map { try typed($0) }
        upload.maxConcurrency = try takeNumber("max_concurrency").map { Int($0) }
        return upload
    }

    func file() throws -> FileUpload {
        guard let described = take("file"), let file = FileUpload._read(described) else {
            throw Usage("the argument `file` must be a file")
        }
        return file
    }

    fileprivate func count(_ name: String) throws -> Int? {
        guard let number = try takeNumber(name) else { return nil }
        if number < 0 { throw Usage("the argument `\(name)` must not be negative") }
        return Int(number)
    }

    /// The file in the shape that the argument `source` asks for.
    fileprivate func source() throws -> FileUpload {
        guard let described = take("file"), let file = FileUpload._read(described) else {
            throw Usage("the argument `file` must be a file")
        }
        let members = described["$file"]?.object ?? JSONObject()
        let source = try takeText("source") ?? "bytes"
        if members["path"] != nil || source == "bytes" { return file }
        let text = members["text"]?.string.map { Data($0.utf8) }
        let bytes = text ?? members["base64"]?.string.flatMap { Data(base64Encoded: $0) } ?? Data()
        switch source {
        case "path":
            let place = FileManager.default.temporaryDirectory.appendingPathComponent("threadline-upload-\(UUID().uuidString).bin")
            try bytes.write(to: place)
            return FileUpload(place, filename: file.filename)
        case "reader", "unsized_reader":
            let reader = PieceReader(bytes)
            return FileUpload(length: source == "reader" ? bytes.count : nil, filename: file.filename) { reader.read($0) }
        default: throw Usage("the argument `source` cannot be `\(source)`")
        }
    }
}

/// Hands out bytes piece by piece.
private final class PieceReader: @unchecked Sendable {
    private let lock = NSLock()
    private var left: Data

    init(_ data: Data) {
        left = data
    }

    func read(_ most: Int) -> Data {
        lock.withLock {
            let piece = left.prefix(most)
            left = left.dropFirst(piece.count)
            return Data(piece)
        }
    }
}

extension Helpers {
    func uploads(_ rows: inout [Row]) {
        let store = "attributes,chunking_strategy"
        rows.append(Row("vector_stores.files.upload", "vector_store_id", "file,vector_store_id", store, nil) { c, a in
            let (id, file, upload) = (try a.path("vector_store_id"), try a.file(), try a.store())
            return try a.value(try await c.vectorStores.files.upload(vectorStoreId: id, file: file, upload, options: a.options))
        })
        let paced = store + "," + Helpers.pace
        rows.append(Row("vector_stores.files.upload_and_poll", "vector_store_id", "file,vector_store_id", paced, nil) { c, a in
            let (id, file, upload, files) = (try a.path("vector_store_id"), try a.file(), try a.store(), c.vectorStores.files)
            return try await Helpers.polled(a) { pace in
                try a.value(try await files.uploadAndPoll(vectorStoreId: id, file: file, upload, pace: pace, options: a.options))
            }
        })
        let several = paced + ",file_ids,max_concurrency"
        rows.append(Row("vector_stores.file_batches.upload_and_poll", "vector_store_id", "files,vector_store_id", several, nil) { c, a in
            let files: [FileUpload] = try a.typed(a.take("files") ?? [])
            let (id, upload, batches) = (try a.path("vector_store_id"), try a.store(), c.vectorStores.fileBatches)
            return try await Helpers.polled(a) { pace in
                try a.value(try await batches.uploadAndPoll(vectorStoreId: id, files: files, upload, pace: pace, options: a.options))
            }
        })
        let chunked = "bytes,filename,md5,part_size,compute_md5,expires_after,keep_on_failure,max_concurrency,on_progress,resume,source"
        rows.append(Row("uploads.upload_file_chunked", "", "file,mime_type,purpose", chunked, nil) { c, a in
            try await Helpers.chunked(c, a)
        })
    }

    private static func chunked(_ c: Client, _ a: Arguments) async throws -> Answer {
        let file = try a.source()
        let (type, purpose) = (try a.takeText("mime_type") ?? "", FilePurpose(rawValue: try a.takeText("purpose") ?? ""))
        let record = try a.takeText("on_progress") != nil
        let seen = Seen()
        var upload = ChunkedUpload()
        upload.filename = try a.takeText("filename")
        upload.bytes = try a.count("bytes")
        upload.partSize = try a.count("part_size")
        upload.maxConcurrency = try a.count("max_concurrency")
        upload.md5 = try a.takeText("md5")
        upload.computeMD5 = try a.takeFlag("compute_md5") ?? false
        upload.keepOnFailure = try a.takeFlag("keep_on_failure") ?? false
        upload.expiresAfter = try a.take("expires_after").map { try a.typed($0) }
        if let before = a.take("resume") {
            guard let uploaded = before["uploaded"]?.array else { throw Usage("`resume` has `id` and `uploaded`") }
            upload.resume = Failure.Unfinished(resource: "uploads", id: before["id"]?.string, uploaded: uploaded.map { $0.string })
        }
        if record {
            upload.onProgress = { now in
                func number(_ value: Int) -> JSON { .number(JSONNumber(value)) }
                seen.add([
                    "upload_id": .string(now.uploadID), "bytes_done": number(now.bytesDone), "bytes_total": number(now.bytesTotal),
                    "parts_done": number(now.partsDone), "parts_total": number(now.partsTotal),
                ])
            }
        }
        do {
            let made = try await c.uploads.uploadFileChunked(file, mimeType: type, purpose: purpose, upload, options: a.options)
            if !record { return try a.value(made) }
            return Answer(("value", a.written(made)), ("error", nil), ("events", .array(seen.all)))
        } catch let failed as ThreadlineError where record {
            return Answer(("value", nil), ("error", Answer.record(failed)), ("events", .array(seen.all)))
        }
    }

    func webhooks(_ rows: inout [Row]) {
        rows.append(Row("webhooks.unwrap", "", "headers,payload", "now,secret,tolerance", nil) { c, a in
            let given = try Delivery(a)
            let event = try c.webhooks.unwrap(
                given.payload, headers: given.headers, secret: given.secret, tolerance: given.tolerance, now: given.now)
            return try a.value(event)
        })
        rows.append(Row("webhooks.verify_signature", "", "headers,payload", "now,secret,tolerance", nil) { c, a in
            let given = try Delivery(a)
            try c.webhooks.verifySignature(
                given.payload, headers: given.headers, secret: given.secret, tolerance: given.tolerance, now: given.now)
            return try a.empty(())
        })
    }
}

/// A webhook's delivery.
private struct Delivery {
    let payload: Data
    let headers: [String: [String]]
    let secret: String?
    let tolerance: TimeInterval
    let now: Date?

    init(_ a: Arguments) throws {
        let given = a.take("payload")
        if let text = given?.string {
            payload = Data(text.utf8)
        } else if let bytes = given?["$base64"]?.string.flatMap({ Data(base64Encoded: $0) }) {
            payload = bytes
        } else {
            throw Usage("the argument `payload` must be a text or {\"$base64\": …}")
        }
        var lines: [String: [String]] = [:]
        for member in a.take("headers")?.object?.members ?? [] {
            lines[member.name] = member.value.array?.compactMap { $0.string } ?? [member.value.string ?? ""]
        }
        headers = lines
        secret = try a.takeText("secret")
        tolerance = TimeInterval(try a.count("tolerance") ?? 300)
        now = try a.takeNumber("now").map { Date(timeIntervalSince1970: $0) }
    }
}

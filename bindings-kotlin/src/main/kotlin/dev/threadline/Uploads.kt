package dev.threadline

import dev.threadline.json.JsonWriter
import dev.threadline.json.MapCodec
import dev.threadline.resources.*
import dev.threadline.types.*
import dev.threadline.ffi.ProgressListener

/** What an upload into a vector store may say beside its files. */
public class StoreUpload @JvmOverloads constructor(
    /** Values to filter searches by. */
    public val attributes: Map<String, VectorStoreAttribute>? = null,
    /** How the texts are cut. */
    public val chunkingStrategy: FileChunkingStrategyParam? = null,
    /** Of a batch: files that were uploaded before. */
    public val fileIds: List<String>? = null,
    /** Of a batch: how many uploads run at the same time. */
    public val maxConcurrency: Int? = null,
) {
    internal fun sent(files: List<FileUpload>): Sent {
        val out = JsonWriter()
        out.open('{')
        attributes?.let {
            out.key("attributes")
            MapCodec(VectorStoreAttribute.Codec).write(it, out)
        }
        chunkingStrategy?.let {
            out.key("chunking_strategy")
            FileChunkingStrategyParam.Codec.write(it, out)
        }
        fileIds?.let { ids ->
            out.key("file_ids")
            out.open('[')
            ids.forEach {
                out.item()
                out.string(it)
            }
            out.close(']')
        }
        out.number("max_concurrency", maxConcurrency?.toLong())
        out.close('}')
        return Sent(out.bytes(), files.map { it.native() })
    }
}

/** Uploads a file into the store and does not wait. */
public suspend fun VectorStoresFiles.upload(vectorStoreId: String, file: FileUpload, upload: StoreUpload = StoreUpload(), options: RequestOptions? = null): VectorStoreFile {
    val sent = upload.sent(listOf(file))
    val reply = translated { caller.native.uploadStoreFile(vectorStoreId, sent.fields, sent.files.first(), options?.json() ?: "", null) }
    val head = headOf(reply.head)
    options?.onReply?.invoke(head)
    return decoded(reply.body, VectorStoreFile.Codec, head)
}

/** Uploads a file into the store and waits until it is in it. */
public suspend fun VectorStoresFiles.uploadAndPoll(
    vectorStoreId: String, file: FileUpload, upload: StoreUpload = StoreUpload(), pace: Pace<VectorStoreFile> = Pace(), options: RequestOptions? = null,
): VectorStoreFile = caller.poll<Unit, VectorStoreFile>(
    "vector_stores.files", VectorStoreFile.Codec, pace, options, ids = listOf(vectorStoreId), upload = "file", given = upload.sent(listOf(file)),
)

/** Uploads files into the store and waits until they are in it. */
public suspend fun VectorStoresFileBatches.uploadAndPoll(
    vectorStoreId: String, files: List<FileUpload>, upload: StoreUpload = StoreUpload(), pace: Pace<VectorStoreFileBatch> = Pace(), options: RequestOptions? = null,
): VectorStoreFileBatch = caller.poll<Unit, VectorStoreFileBatch>(
    "vector_stores.file_batches", VectorStoreFileBatch.Codec, pace, options, ids = listOf(vectorStoreId), upload = "batch", given = upload.sent(files),
)

/** How far an upload in parts is. */
public data class UploadProgress(
    /** Id of the upload. */
    public val uploadId: String,
    /** Bytes that are there. */
    public val bytesDone: Long,
    /** Bytes of the file. */
    public val bytesTotal: Long,
    /** Parts that are there. */
    public val partsDone: Long,
    /** Parts of the file. */
    public val partsTotal: Long,
)

/** How a file is uploaded in parts. */
public class ChunkedUpload @JvmOverloads constructor(
    /** Name to send; of a path its last part, where none is given. */
    public val filename: String? = null,
    /** Length of the file; needed of a stream of unknown length. */
    public val bytes: Long? = null,
    /** Bytes of a part. Default 64 MiB. */
    public val partSize: Long? = null,
    /** How many parts are sent at the same time. */
    public val maxConcurrency: Int? = null,
    /** MD5 of the file in hex, for the server to compare. */
    public val md5: String? = null,
    /** Whether the MD5 is computed here while the file is sent. */
    public val computeMd5: Boolean = false,
    /** Whether the upload stays open when it fails, to be resumed. */
    public val keepOnFailure: Boolean = false,
    /** When the file expires. */
    public val expiresAfter: ExpiresAfter? = null,
    /** An upload that failed, by its error's `unfinished`: what is there already is not sent again. */
    public val resume: ThreadlineException.Unfinished? = null,
    /** Hears how far it is. It must not wait. */
    public val onProgress: ((UploadProgress) -> Unit)? = null,
)

/** Uploads a large file in parts. */
public suspend fun Uploads.uploadFileChunked(
    file: FileUpload, mimeType: String, purpose: FilePurpose, upload: ChunkedUpload = ChunkedUpload(), options: RequestOptions? = null,
): Upload {
    val out = JsonWriter()
    fun text(name: String, value: String?) {
        if (value == null) return
        out.key(name)
        out.string(value)
    }
    fun flag(name: String, value: Boolean) {
        out.key(name)
        out.raw(value.toString())
    }
    out.open('{')
    text("mime_type", mimeType)
    text("purpose", purpose.value)
    text("filename", upload.filename)
    text("md5", upload.md5)
    out.number("bytes", upload.bytes)
    out.number("part_size", upload.partSize)
    out.number("max_concurrency", upload.maxConcurrency?.toLong())
    flag("compute_md5", upload.computeMd5)
    flag("keep_on_failure", upload.keepOnFailure)
    upload.expiresAfter?.let {
        out.key("expires_after")
        ExpiresAfter.Codec.write(it, out)
    }
    upload.resume?.let { before ->
        out.key("resume")
        out.open('{')
        text("id", before.id ?: "")
        out.key("uploaded")
        out.open('[')
        before.uploaded.forEach {
            out.item()
            if (it == null) out.raw("null") else out.string(it)
        }
        out.close(']')
        out.close('}')
    }
    out.close('}')
    val reply = hearing { tell ->
        val listener = upload.onProgress?.let { hear ->
            object : ProgressListener {
                override fun progress(uploadId: String, bytesDone: ULong, bytesTotal: ULong, partsDone: ULong, partsTotal: ULong) =
                    tell { hear(UploadProgress(uploadId, bytesDone.toLong(), bytesTotal.toLong(), partsDone.toLong(), partsTotal.toLong())) }
            }
        }
        translated { caller.native.uploadChunked(file.native(), out.text(), options?.json() ?: "", listener, null) }
    }
    val head = headOf(reply.head)
    options?.onReply?.invoke(head)
    return decoded(reply.body, Upload.Codec, head)
}

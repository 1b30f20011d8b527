import java.io.BufferedInputStream
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import kotlin.concurrent.thread

/** Chunks of a stream. */
const val CHUNKS = 500

private const val HEAD = "\"id\":\"chatcmpl-1\",\"created\":1,\"model\":\"m\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp\""

private fun call(number: Int) = "{\"id\":\"call_$number\",\"type\":\"function\",\"function\":{\"name\":\"look\",\"arguments\":\"{\\\"a\\\": 1}\"}}"

private val completion = "{$HEAD,\"object\":\"chat.completion\",\"choices\":[{\"index\":0,\"finish_reason\":\"tool_calls\",\"logprobs\":null,\"message\":" +
    "{\"role\":\"assistant\",\"content\":\"${"x".repeat(400)}\",\"refusal\":null,\"tool_calls\":[${call(0)},${call(1)}]}}],\"usage\":" +
    "{\"prompt_tokens\":10,\"completion_tokens\":20,\"total_tokens\":30,\"prompt_tokens_details\":{\"cached_tokens\":0,\"audio_tokens\":0}," +
    "\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0}}}"

private fun chunk(number: Int): String {
    val end = number == CHUNKS - 1
    val delta = if (end) "{}" else "{\"content\":\"word$number \"}"
    return "data: {$HEAD,\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":$delta,\"logprobs\":null," +
        "\"finish_reason\":${if (end) "\"stop\"" else "null"}}]}\n\n"
}

private fun reply(body: String, type: String): ByteArray =
    "HTTP/1.1 200 OK\r\ncontent-type: $type\r\ncontent-length: ${body.length}\r\nx-request-id: req_1\r\n\r\n$body".encodeToByteArray()

private val whole = reply(completion, "application/json")
private val stream = reply((0 until CHUNKS).joinToString("") { chunk(it) } + "data: [DONE]\n\n", "text/event-stream")

/** The other end of the benchmark: canned replies over HTTP/1.1, from a process of its own. */
object Server {
    @JvmStatic
    fun main(args: Array<String>) {
        val server = ServerSocket(0, 64, InetAddress.getLoopbackAddress())
        println("http://127.0.0.1:${server.localPort}/v1")
        while (true) {
            val peer = server.accept()
            thread(isDaemon = true) { runCatching { serve(peer) } }
        }
    }

    private fun serve(peer: Socket) = peer.use {
        it.tcpNoDelay = true
        val input = BufferedInputStream(it.getInputStream())
        while (true) {
            var length = 0
            while (true) {
                val line = line(input) ?: return@use
                if (line.isEmpty()) break
                if (line.startsWith("content-length:", ignoreCase = true)) length = line.substringAfter(':').trim().toInt()
            }
            val body = input.readNBytes(length).decodeToString()
            it.getOutputStream().write(if (Regex("\"stream\"\\s*:\\s*true") in body) stream else whole)
        }
    }

    private fun line(input: BufferedInputStream): String? {
        val text = StringBuilder()
        while (true) {
            val byte = input.read()
            if (byte < 0) return null
            if (byte == '\n'.code) return text.toString().trimEnd('\r')
            text.append(byte.toChar())
        }
    }
}

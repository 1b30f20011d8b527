package dev.threadline.checks

import java.io.BufferedInputStream
import java.io.InputStream
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread

/** A server of a few lines, which sees when its peer closes: reads a request, says [reply], and waits for the end of the connection. */
internal class Server(private val reply: String) : AutoCloseable {
    private val socket = ServerSocket(0, 4096, InetAddress.getLoopbackAddress())

    /** Requests that came. */
    val requests = AtomicInteger()

    /** Connections that the client has closed. */
    val closed = AtomicInteger()

    private val firstRequest = CountDownLatch(1)

    val baseUrl: String get() = "http://127.0.0.1:${socket.localPort}/v1"

    init {
        thread(isDaemon = true) {
            while (true) {
                val peer = runCatching { socket.accept() }.getOrNull() ?: break
                thread(isDaemon = true) { serve(peer) }
            }
        }
    }

    private fun serve(peer: Socket) = peer.use {
        val input = BufferedInputStream(it.getInputStream())
        try {
            if (!request(input)) return@use
            requests.incrementAndGet()
            firstRequest.countDown()
            it.getOutputStream().write(reply.encodeToByteArray())
            it.getOutputStream().flush()
            while (input.read() >= 0) {
                // Nothing more is expected; the end is.
            }
        } catch (_: java.io.IOException) {
            // A reset is an end too.
        }
        closed.incrementAndGet()
    }

    /** Reads a request to its end. */
    private fun request(input: InputStream): Boolean {
        var length = 0
        while (true) {
            val line = line(input) ?: return false
            if (line.isEmpty()) break
            if (line.startsWith("content-length:", ignoreCase = true)) length = line.substringAfter(':').trim().toInt()
        }
        input.readNBytes(length)
        return true
    }

    private fun line(input: InputStream): String? {
        val text = StringBuilder()
        while (true) {
            val byte = input.read()
            if (byte < 0) return null
            if (byte == '\n'.code) return text.toString().trimEnd('\r')
            text.append(byte.toChar())
        }
    }

    fun awaitRequest(): Boolean = firstRequest.await(30, TimeUnit.SECONDS)

    /** Waits until so many connections were closed by the client. */
    fun awaitClosed(count: Int): Boolean {
        val end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60)
        while (closed.get() < count) {
            if (System.nanoTime() > end) return false
            Thread.onSpinWait()
            Thread.yield()
        }
        return true
    }

    override fun close() = socket.close()

    companion object {
        /** The head of a stream, and its first event; the rest never comes. */
        const val STREAM: String = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n" +
            "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"

        /** No reply at all. */
        const val SILENCE: String = ""
    }
}

package dev.threadline.driver

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import java.io.BufferedReader
import java.io.FileOutputStream
import java.io.FileDescriptor
import java.io.InputStreamReader

/** The driver as a program: one call a line of standard input, one answer a line of standard output. */
public fun main() {
    val out = FileOutputStream(FileDescriptor.out)
    val driver = Driver()
    runBlocking(Dispatchers.Default) {
        val lines = BufferedReader(InputStreamReader(System.`in`, Charsets.UTF_8))
        while (true) {
            val line = lines.readLine() ?: break
            if (line.isBlank()) continue
            launch {
                val answer = (driver.line(line) + "\n").encodeToByteArray()
                synchronized(out) { out.write(answer) }
            }
        }
    }
}

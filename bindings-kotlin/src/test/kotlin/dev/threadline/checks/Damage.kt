package dev.threadline.checks

import dev.threadline.MockServer
import dev.threadline.driver.Driver
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import java.nio.file.Files
import java.nio.file.Path
import kotlin.random.Random

/**
 * Replies as no description foresees them: for every operation with a JSON reply, the one that the mock server makes up, damaged at random places,
 * goes through the typed method and must come out as it was.
 */
internal class Damage(private val random: Random) {
    private val driver = Driver()

    /** Operations that were tried, replies that came out whole, and what was lost first. */
    class Outcome(val operations: Int, val replies: Int, val lost: String?)

    suspend fun run(times: Int): Outcome = MockServer().use { server ->
        var operations = 0
        var replies = 0
        for (call in calls()) {
            server.reset()
            if ("value" !in answer(server, call)) continue
            val seen = server.requests().firstOrNull()?.record?.get("reply") as? JsonObject ?: continue
            val sent = (seen["body"] as? JsonObject)?.get("json") as? JsonObject ?: continue
            operations += 1
            repeat(times) {
                val damaged = damaged(sent) as JsonObject
                server.reset()
                // As a text: the server would read numbers, and write them as it likes.
                val headers = JsonObject(mapOf("content-type" to JsonPrimitive("application/json")))
                server.script(JsonObject(mapOf("text" to JsonPrimitive("$damaged"), "headers" to headers)))
                val came = answer(server, call)
                if (!same(came["value"], damaged)) return Outcome(operations, replies, "${call["resource"]}.${call["method"]}: $damaged became $came")
                replies += 1
            }
        }
        Outcome(operations, replies, null)
    }

    private suspend fun answer(server: MockServer, call: JsonObject): JsonObject {
        val client = JsonObject(listOf("api_key", "admin_api_key").associateWith { JsonPrimitive("k") } + ("base_url" to JsonPrimitive(server.baseUrl)))
        val line = JsonObject(call + ("id" to JsonPrimitive(1)) + ("client" to client))
        return Json.parseToJsonElement(driver.line(line.toString())) as JsonObject
    }

    /** Whether two values are the same JSON; `1` is `1.0`. */
    private fun same(one: JsonElement?, other: JsonElement?): Boolean = when {
        one is JsonObject && other is JsonObject -> one.keys == other.keys && one.all { (name, value) -> same(value, other[name]) }
        one is JsonArray && other is JsonArray -> one.size == other.size && one.indices.all { same(one[it], other[it]) }
        one is JsonPrimitive && other is JsonPrimitive && !one.isString && !other.isString ->
            one == other || one.content.toBigDecimalOrNull()?.let { number -> other.content.toBigDecimalOrNull()?.compareTo(number) == 0 } == true
        else -> one == other
    }

    /** The calls of the generated cases: for each operation one with what it needs, and one with all arguments. */
    private fun calls(): List<JsonObject> {
        val folder = Path.of("../tests/conformance/cases/generated")
        val files = Files.list(folder).use { list -> list.filter { "$it".endsWith(".json") }.sorted().toList() }
        return files.flatMap { file ->
            val cases = (Json.parseToJsonElement(Files.readString(file)) as JsonObject)["cases"] as JsonArray
            cases.map { it as JsonObject }
                .filter { case -> listOf("/smallest", "/fullest").any((case["name"] as JsonPrimitive).content::endsWith) }
                .mapNotNull { it["call"] as? JsonObject }
                // Vectors come as base64 and go as numbers; that is what they are for.
                .filter { it["resource"] != JsonPrimitive("embeddings") }
        }
    }

    /** The value with one place in it, anywhere, not as it was. */
    private fun damaged(value: JsonElement): JsonElement = when {
        value is JsonObject && value.isNotEmpty() && random.nextInt(4) > 0 -> {
            val name = value.keys.random(random)
            when (random.nextInt(8)) {
                0 -> JsonObject(value - name)
                1 -> JsonObject(value + ("x_${random.nextInt(9)}" to foreign()))
                else -> JsonObject(value + (name to damaged(value.getValue(name))))
            }
        }
        value is JsonArray && value.isNotEmpty() && random.nextInt(4) > 0 -> {
            val index = random.nextInt(value.size)
            JsonArray(value.toMutableList().also { it[index] = damaged(it[index]) })
        }
        value is JsonArray -> JsonArray(value + foreign())
        value is JsonObject -> JsonObject(value + ("new" to foreign()))
        else -> foreign()
    }

    private fun foreign(): JsonElement = when (random.nextInt(9)) {
        0 -> JsonNull
        1 -> JsonPrimitive(true)
        2 -> JsonPrimitive(random.nextInt(-1_000, 1_000))
        3 -> JsonPrimitive(random.nextInt(1, 1_000) + 0.5)
        4 -> JsonPrimitive("")
        5 -> JsonPrimitive("never \"heard\" of\n\u00e9\ud83d\ude00")
        6 -> JsonArray(listOf(JsonPrimitive(1), JsonNull))
        7 -> JsonObject(mapOf("type" to JsonPrimitive("unheard"), "id" to JsonPrimitive("x")))
        else -> Json.parseToJsonElement("12345678901234567890.125")
    }
}

package dev.threadline.examples

import dev.threadline.Client
import dev.threadline.MockServer
import dev.threadline.RequestBody
import dev.threadline.request
import dev.threadline.types.ChatCompletion
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.addJsonObject
import kotlinx.serialization.json.buildJsonArray
import kotlinx.serialization.json.put

/** A test of a program of one's own, without a provider. */
@Suppress("UNUSED_PARAMETER")
internal suspend fun testing(client: Client) {
    MockServer().use { server ->
        server.reply(status = 429, headers = mapOf("retry-after" to "0"))
        server.synthesise()
        server.client().use { mine -> println(mine.models.retrieve("m").id) }
        check(server.requests().map { "$it" } == listOf("GET /v1/models/m", "GET /v1/models/m"))
    }
}

/** A route that the package has no method for, or no method yet. */
internal suspend fun undocumented(client: Client) {
    val model = client.request("GET", "/models/gpt-5.5")
    println(model)
    val question = buildJsonArray { addJsonObject { put("role", "user"); put("content", "Hi") } }
    val body = RequestBody.Json(mapOf("model" to JsonPrimitive("gpt-5.5"), "messages" to question))
    val completion = client.request("POST", "/chat/completions", ChatCompletion.Codec, body)
    println(completion.choices.size)
}

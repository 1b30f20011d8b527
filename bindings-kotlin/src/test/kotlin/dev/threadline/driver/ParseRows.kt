package dev.threadline.driver

import dev.threadline.OutputType
import dev.threadline.ThreadlineException
import dev.threadline.json.Codec
import dev.threadline.parse
import dev.threadline.types.*
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject

/** The type that `{"$type": {"name", "description", "schema"}}` stands for. */
internal fun typeIn(value: JsonElement?): OutputType<JsonElement>? {
    val inner = (value as? JsonObject)?.get("\$type") as? JsonObject ?: return null
    return OutputType.ofSchema(inner.text("name") ?: "", inner["schema"] ?: JsonObject(emptyMap()), inner.text("description"))
}

/** The tools of a call, types among them made into functions. */
private fun <T> Arguments.tools(codec: Codec<T>, function: (OutputType<JsonElement>) -> T): List<T>? {
    val given = take("tools") as? JsonArray ?: return null
    return given.map { tool -> typeIn(tool)?.let(function) ?: typed(tool, codec) }
}

internal val parseRows: List<Row> = listOf(
    like("chat.completions.parse", "", "messages,model", listOf("chat.completions.create"), "") { c, a ->
        val type = typeIn(a.peek("response_format"))?.also { a.take("response_format") }
        val tools = a.tools(ChatCompletionTool.Codec) { it.chatTool() }
        val given = a.params(ChatCompletionCreateParams.Codec)
        val params = if (tools == null) given else given.copy(tools = tools)
        val parsed = if (type == null) c.chat.completions.parse(params, a.options) else c.chat.completions.parse(params, type, a.options)
        Answer.value(Answer.text(parsed.toJson()), parsed.head.requestId)
    },
    like("responses.parse", "", "", listOf("responses.create"), "text_format") { c, a ->
        val type = typeIn(a.take("text_format"))
        val tools = a.tools(ResponseTool.Codec) { it.responsesTool() }
        val given = a.params(ResponseCreateParams.Codec)
        val params = if (tools == null) given else given.copy(tools = tools)
        val parsed = if (type == null) c.responses.parse(params, a.options) else c.responses.parse(params, type, a.options)
        Answer.value(Answer.text(parsed.toJson()), parsed.head.requestId)
    },
)

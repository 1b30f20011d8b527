package dev.threadline.examples

import dev.threadline.Client

/** All examples in Kotlin, by their names. */
internal val EXAMPLES: List<Pair<String, suspend (Client) -> Unit>> = listOf(
    "page" to ::page,
    "chat" to ::chat,
    "streamed" to ::streamed,
    "errors" to ::errors,
    "structured" to ::structured,
    "tools" to ::tools,
    "files" to ::files,
    "paging" to ::paging,
    "embeddings" to ::embeddings,
    "background" to ::background,
    "assistant" to ::assistant,
    "testing" to ::testing,
    "undocumented" to ::undocumented,
)

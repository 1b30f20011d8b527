//! Names of the OpenTelemetry conventions for generative AI: operations, providers, servers.

use crate::operation::{Operation, Verb};

/// `gen_ai.operation.name` of an operation: a well-known name where there is one, else the operation's own.
pub(crate) fn operation(id: &'static str) -> &'static str {
    match id {
        "chat.completions.create" | "responses.create" | "responses.compact" => "chat",
        "completions.create" => "text_completion",
        "embeddings.create" => "embeddings",
        "images.generate" | "images.edit" | "images.create_variation" => "generate_content",
        "beta.assistants.create" => "create_agent",
        "vector_stores.search" => "retrieval",
        _ if is_run(id) => "invoke_agent",
        _ => id,
    }
}

/// Whether the operation sets an assistant to work.
fn is_run(id: &str) -> bool {
    matches!(id, "beta.threads.create_and_run" | "beta.threads.runs.create" | "beta.threads.runs.submit_tool_outputs")
}

/// Whether a call of the operation has a model work, and so costs tokens or seconds.
pub(crate) fn generates(id: &str) -> bool {
    is_run(id)
        || matches!(
            id,
            "chat.completions.create"
                | "completions.create"
                | "responses.create"
                | "responses.compact"
                | "embeddings.create"
                | "images.generate"
                | "images.edit"
                | "images.create_variation"
                | "audio.speech.create"
                | "audio.transcriptions.create"
                | "audio.translations.create"
        )
}

/// Whether a reply of the operation may hold the usage of work that was begun by another call: of a run that is
/// polled, of a response in the background, of a batch.
pub(crate) fn reports_on_others(op: &Operation) -> bool {
    op.verb != Verb::Post || matches!(op.id.rsplit('.').next(), Some("update" | "cancel"))
}

/// `gen_ai.provider.name` by the server's name. Whoever offers this API under an unknown name counts as `openai`.
pub(crate) fn provider(host: &str) -> &'static str {
    const KNOWN: &[(&str, &str)] = &[
        ("openai.azure.com", "azure.ai.openai"),
        ("cognitiveservices.azure.com", "azure.ai.openai"),
        ("services.ai.azure.com", "azure.ai.inference"),
        ("groq.com", "groq"),
        ("mistral.ai", "mistral_ai"),
        ("deepseek.com", "deepseek"),
        ("x.ai", "x_ai"),
        ("perplexity.ai", "perplexity"),
        ("cohere.com", "cohere"),
        ("cohere.ai", "cohere"),
        ("anthropic.com", "anthropic"),
        ("generativelanguage.googleapis.com", "gcp.gemini"),
        ("aiplatform.googleapis.com", "gcp.vertex_ai"),
        ("amazonaws.com", "aws.bedrock"),
    ];
    let is = |domain: &str| {
        host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with(['.', '-']))
    };
    KNOWN.iter().find(|(domain, _)| is(domain)).map_or("openai", |(_, name)| name)
}

/// Name and port of the server in an absolute URL; the port is the scheme's where none is written.
pub(crate) fn server(url: &str) -> (&str, u16) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let usual = if matches!(scheme, "http" | "ws") { 80 } else { 443 };
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().unwrap_or(usual)),
        _ => (authority, usual),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations;

    #[test]
    fn operations_have_their_well_known_names() {
        assert_eq!(operation("responses.create"), "chat");
        assert_eq!(operation("beta.threads.runs.create"), "invoke_agent");
        assert_eq!(operation("files.list"), "files.list");
    }

    #[test]
    fn all_names_used_here_are_operations() {
        for op in operations::ALL {
            assert!(!generates(op.id) || op.verb == Verb::Post, "{}", op.id);
        }
        let count = operations::ALL.iter().filter(|op| generates(op.id)).count();
        assert_eq!(count, 14, "an operation was renamed");
        let named = operations::ALL.iter().filter(|op| operation(op.id) != op.id).count();
        assert_eq!(named, 13, "an operation was renamed");
    }

    #[test]
    fn servers_are_read_from_urls() {
        assert_eq!(server("https://api.openai.com/v1/files?k=v"), ("api.openai.com", 443));
        assert_eq!(server("http://127.0.0.1:8080/v1"), ("127.0.0.1", 8080));
        assert_eq!(server("http://[::1]/v1"), ("[::1]", 80));
        assert_eq!(server("http://[::1]:81/v1"), ("[::1]", 81));
        assert_eq!(server("https://user:secret@host/v1"), ("host", 443));
    }

    #[test]
    fn providers_are_known_by_their_domain_only() {
        assert_eq!(provider("api.openai.com"), "openai");
        assert_eq!(provider("res.openai.azure.com"), "azure.ai.openai");
        assert_eq!(provider("api.x.ai"), "x_ai");
        assert_eq!(provider("netflix.ai"), "openai");
        assert_eq!(provider("us-central1-aiplatform.googleapis.com"), "gcp.vertex_ai");
        assert_eq!(provider("localhost"), "openai");
    }
}

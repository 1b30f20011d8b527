//! Where a call goes on Azure.

use std::borrow::Cow;

use crate::operation::{Operation, Verb};

/// Operations that a deployment answers by itself.
const OF_DEPLOYMENTS: [&str; 8] = [
    "/completions",
    "/chat/completions",
    "/embeddings",
    "/audio/transcriptions",
    "/audio/translations",
    "/audio/speech",
    "/images/generations",
    "/images/edits",
];

/// What makes a client one of Azure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Azure {
    pub(super) deployment: Option<String>,
    pub(super) version: Option<String>,
    pub(super) v1: bool,
}

impl Azure {
    /// The path's template below the base URL, and the deployment that fills its first placeholder if it has one more than
    /// the operation. `model` is asked for what the call names.
    pub(crate) fn path(
        &self,
        op: &Operation,
        base_url: &str,
        model: impl FnOnce() -> Option<String>,
    ) -> (Cow<'static, str>, Option<String>) {
        let plain = (Cow::Borrowed(op.path), None);
        // A base URL of the program's own may name the deployment itself.
        if self.v1 || op.verb != Verb::Post || !OF_DEPLOYMENTS.contains(&op.path) || names_deployment(base_url) {
            return plain;
        }
        match self.deployment.clone().or_else(model) {
            Some(deployment) => (Cow::Owned(format!("/deployments/{{deployment}}{}", op.path)), Some(deployment)),
            None => plain,
        }
    }

    /// The query parameter of the API's version, unless the base URL has one.
    pub(crate) fn query(&self, base_url: &str) -> Option<(String, String)> {
        let query = base_url.split_once('?').map_or("", |(_, query)| query);
        let has = query.split('&').any(|pair| pair.split('=').next() == Some("api-version"));
        let version = self.version.as_ref().filter(|_| !has)?;
        Some(("api-version".to_owned(), version.clone()))
    }

    /// Path and query of a realtime session with this model: below the base URL, with `ws` for `http`.
    pub(crate) fn realtime_query(&self, model: &str) -> (&'static str, String) {
        match self.v1 {
            true => ("model", model.to_owned()),
            false => ("deployment", self.deployment.clone().unwrap_or_else(|| model.to_owned())),
        }
    }
}

fn names_deployment(base_url: &str) -> bool {
    base_url.split('?').next().unwrap_or_default().contains("/deployments")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::find;

    const BASE: &str = "https://r.openai.azure.com/openai";

    fn azure(deployment: Option<&str>, v1: bool) -> Azure {
        Azure { deployment: deployment.map(str::to_owned), version: Some("v".to_owned()), v1 }
    }

    fn path(azure: &Azure, id: &str, base: &str) -> (String, Option<String>) {
        let op = find(id).expect("an operation");
        let (path, deployment) = azure.path(op, base, || Some("model".to_owned()));
        (path.into_owned(), deployment)
    }

    #[test]
    fn deployments_stand_in_the_paths_of_what_they_answer() {
        let (own, named) = (azure(Some("dep"), false), azure(None, false));
        for id in ["chat.completions.create", "embeddings.create", "audio.transcriptions.create", "images.edit"] {
            let (with, deployment) = path(&own, id, BASE);
            assert!(with.starts_with("/deployments/{deployment}/"), "{id}: {with}");
            assert_eq!(deployment.as_deref(), Some("dep"), "{id}");
            assert_eq!(path(&named, id, BASE).1.as_deref(), Some("model"), "{id}");
        }
        for id in
            ["models.list", "files.create", "responses.create", "chat.completions.list", "images.create_variation"]
        {
            let op = find(id).expect("an operation");
            assert_eq!(path(&own, id, BASE), (op.path.to_owned(), None));
        }
    }

    #[test]
    fn the_undated_api_and_a_base_with_a_deployment_need_none() {
        let plain = ("/chat/completions".to_owned(), None);
        assert_eq!(path(&azure(Some("dep"), true), "chat.completions.create", BASE), plain);
        let base = format!("{BASE}/deployments/other");
        assert_eq!(path(&azure(None, false), "chat.completions.create", &base), plain);
        let op = find("chat.completions.create").expect("an operation");
        assert_eq!(azure(None, false).path(op, BASE, || None), (Cow::Borrowed("/chat/completions"), None));
    }

    #[test]
    fn the_version_is_sent_once() {
        let version = Some(("api-version".to_owned(), "v".to_owned()));
        assert_eq!(azure(None, false).query(BASE), version);
        assert_eq!(azure(None, false).query("https://x/openai?a=b"), version);
        assert_eq!(azure(None, false).query("https://x/openai?api-version=w"), None);
    }

    #[test]
    fn realtime_names_its_deployment() {
        assert_eq!(azure(Some("dep"), false).realtime_query("m"), ("deployment", "dep".to_owned()));
        assert_eq!(azure(None, false).realtime_query("m"), ("deployment", "m".to_owned()));
        assert_eq!(azure(Some("dep"), true).realtime_query("m"), ("model", "m".to_owned()));
    }
}

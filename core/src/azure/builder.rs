//! From settings to a client: which address, which credential, what excludes what.

use std::sync::Arc;

use super::{Azure, AzureOpenAI};
use crate::auth::{FixedToken, TokenSource};
use crate::client::{Ambient, Client, ClientBuilder, RequestOptions};
use crate::error::Error;

impl ClientBuilder {
    /// Makes this a client of Azure OpenAI. Key, base URL and admin key that came from `OPENAI_…` variables of the
    /// environment are left out: they are meant for another provider.
    pub fn azure(self, settings: AzureOpenAI) -> Self {
        self.set_azure(settings)
    }
}

impl Client {
    /// A client of Azure OpenAI from the environment: `AZURE_OPENAI_ENDPOINT`, `OPENAI_API_VERSION`, and
    /// `AZURE_OPENAI_AD_TOKEN` or `AZURE_OPENAI_API_KEY`.
    ///
    /// # Errors
    /// Kind `usage`, naming what is missing.
    pub fn azure_from_env() -> Result<Self, Error> {
        Self::builder().azure(AzureOpenAI::from_env()).build()
    }
}

impl AzureOpenAI {
    /// Settles address and credential in the options of the client that is being built.
    pub(crate) fn settle(self, options: &mut RequestOptions, ambient: &Ambient) -> Result<Arc<Azure>, Error> {
        ambient.forget(options);
        self.settle_credential(options)?;
        let environment = &self.environment;
        // An address that the program gives stands before one of the environment.
        let endpoint = match (&options.base_url, self.endpoint) {
            (Some(_), Some(_)) => {
                return Err(Error::usage("`base_url` and `azure_endpoint` exclude each other: give one of them"));
            }
            (Some(_), None) => None,
            (None, endpoint) => Some(endpoint.or_else(|| environment.endpoint.clone()).ok_or_else(|| {
                Error::usage(match environment.read {
                    true => "no address: set the environment variable AZURE_OPENAI_ENDPOINT, or give `azure_endpoint`",
                    false => {
                        "no address: give `azure_endpoint` (or `base_url`), or read it with `AzureOpenAI::from_env`"
                    }
                })
            })?),
        };
        let trimmed = endpoint.as_deref().map(|url| url.trim().trim_end_matches('/'));
        let given_v1 = trimmed.or(options.base_url.as_deref()).is_some_and(is_v1);
        let v1 = self.v1 || given_v1;
        let version = self.api_version.or_else(|| environment.api_version.clone());
        if version.is_none() && !v1 {
            return Err(Error::usage(match environment.read {
                true => "no API version: set the environment variable OPENAI_API_VERSION, or give `api_version`",
                false => "no API version: give `api_version`, or read it with `AzureOpenAI::from_env`",
            }));
        }
        let deployment = self.deployment.filter(|_| trimmed.is_some());
        if let Some(endpoint) = trimmed {
            options.base_url = Some(match (v1, given_v1) {
                (_, true) => endpoint.to_owned(),
                (true, false) => format!("{endpoint}/openai/v1"),
                (false, _) => format!("{endpoint}/openai"),
            });
        }
        Ok(Arc::new(Azure { deployment, version, v1 }))
    }

    /// The one credential: what the program gives, else what the environment holds.
    fn settle_credential(&self, options: &mut RequestOptions) -> Result<(), Error> {
        let given = [options.api_key.is_some(), options.token_source.is_some(), self.token.is_some()];
        if given.into_iter().filter(|given| *given).count() > 1 || self.token_given_twice {
            return Err(Error::usage(
                "`api_key`, `azure_ad_token` and `azure_ad_token_provider` exclude each other: give one of them",
            ));
        }
        if let Some(token) = &self.token {
            options.token_source = Some(Arc::clone(token));
        }
        if !options.has_credential() {
            match (&self.environment.ad_token, &self.environment.api_key) {
                (Some(token), _) => options.token_source = Some(TokenSource::new(FixedToken(token.clone()))),
                (None, Some(key)) => options.api_key = Some(key.clone()),
                (None, None) if options.has_own_credential_header() => {}
                (None, None) => {
                    return Err(Error::usage(match self.environment.read {
                        true => {
                            "no credential: set AZURE_OPENAI_API_KEY or AZURE_OPENAI_AD_TOKEN, or give one of `api_key`, \
                             `azure_ad_token` and `azure_ad_token_provider`"
                        }
                        false => "no credential: give one of `api_key`, `azure_ad_token` and `azure_ad_token_provider`",
                    }));
                }
            }
        }
        Ok(())
    }
}

fn is_v1(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.trim_end_matches('/').ends_with("/openai/v1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::secret::Secret;

    const ENDPOINT: &str = "https://r.openai.azure.com/";

    fn settled(azure: AzureOpenAI, options: RequestOptions) -> Result<(Arc<Azure>, RequestOptions), String> {
        let mut options = options;
        let azure = azure.settle(&mut options, &Ambient::default()).map_err(|error| {
            assert_eq!(error.kind(), ErrorKind::Usage);
            error.message().to_owned()
        })?;
        Ok((azure, options))
    }

    fn env(pairs: &'static [(&'static str, &'static str)]) -> AzureOpenAI {
        AzureOpenAI::new()
            .fill_from(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    fn keyed() -> RequestOptions {
        RequestOptions::new().api_key("azure-key")
    }

    #[test]
    fn the_endpoint_becomes_the_base() {
        let azure = || AzureOpenAI::new().azure_endpoint(ENDPOINT).api_version("v");
        let base = |azure| settled(azure, keyed()).unwrap().1.base_url.unwrap();
        assert_eq!(base(azure()), "https://r.openai.azure.com/openai");
        assert_eq!(base(azure().azure_deployment("d")), "https://r.openai.azure.com/openai");
        assert_eq!(base(azure().v1(true)), "https://r.openai.azure.com/openai/v1");
        let whole = AzureOpenAI::new().azure_endpoint("https://r.openai.azure.com/openai/v1/");
        assert_eq!(base(whole), "https://r.openai.azure.com/openai/v1");
    }

    #[test]
    fn what_is_missing_is_named() {
        let missing = |azure, options| settled(azure, options).unwrap_err();
        assert!(missing(AzureOpenAI::new(), keyed()).contains("azure_endpoint"));
        assert!(missing(env(&[]), keyed()).contains("AZURE_OPENAI_ENDPOINT"));
        let addressed = AzureOpenAI::new().azure_endpoint(ENDPOINT);
        assert!(missing(addressed.clone(), keyed()).contains("api_version"));
        assert!(missing(addressed.clone().api_version("v"), RequestOptions::new()).contains("azure_ad_token"));
        let named = env(&[("AZURE_OPENAI_ENDPOINT", ENDPOINT)]);
        assert!(missing(named, keyed()).contains("OPENAI_API_VERSION"));
    }

    #[test]
    fn credentials_exclude_each_other() {
        let azure = || AzureOpenAI::new().azure_endpoint(ENDPOINT).api_version("v");
        let provider = || std::future::ready(Ok::<_, Error>("t"));
        for (azure, options) in [
            (azure().azure_ad_token("t"), keyed()),
            (azure().azure_ad_token_provider(provider), keyed()),
            (azure().azure_ad_token("t").azure_ad_token_provider(provider), RequestOptions::new()),
            (azure().azure_ad_token("t"), RequestOptions::new().token_provider(provider)),
        ] {
            assert!(settled(azure, options).unwrap_err().contains("exclude each other"));
        }
        let two = settled(azure(), keyed().base_url("https://gateway.example/v1"));
        assert!(two.unwrap_err().contains("exclude each other"));
    }

    #[test]
    fn the_environment_speaks_where_the_program_does_not() {
        let all = || {
            env(&[
                ("AZURE_OPENAI_ENDPOINT", "https://env.openai.azure.com"),
                ("OPENAI_API_VERSION", "env-version"),
                ("AZURE_OPENAI_API_KEY", "env-key"),
                ("AZURE_OPENAI_AD_TOKEN", "env-token"),
            ])
        };
        let (azure, options) = settled(all(), RequestOptions::new()).unwrap();
        assert_eq!(azure.version.as_deref(), Some("env-version"));
        assert!(options.api_key.is_none() && options.token_source.is_some(), "the token stands before the key");
        let (_, options) = settled(all(), keyed()).unwrap();
        assert!(options.token_source.is_none());
        assert_eq!(options.api_key, Some(Secret::from("azure-key")));
        let own = settled(all().azure_endpoint(ENDPOINT).api_version("own"), keyed()).unwrap();
        assert_eq!(own.0.version.as_deref(), Some("own"));
        assert_eq!(own.1.base_url.as_deref(), Some("https://r.openai.azure.com/openai"));
        let base = settled(all(), keyed().base_url("https://gateway.example/v1")).unwrap();
        assert_eq!(base.1.base_url.as_deref(), Some("https://gateway.example/v1"));
    }

    #[test]
    fn keys_of_another_provider_are_left_out() {
        let builder = ClientBuilder::default().fill_from(|name| match name {
            "OPENAI_API_KEY" => Some("sk-openai".to_owned()),
            "OPENAI_BASE_URL" => Some("https://openai.example/v1".to_owned()),
            _ => None,
        });
        let azure = AzureOpenAI::new().azure_endpoint(ENDPOINT).api_version("v").azure_ad_token("t");
        let client = builder.azure(azure).build().unwrap();
        let shown = format!("{client:?}");
        assert!(shown.contains("r.openai.azure.com") && !shown.contains("openai.example"), "{shown}");
        assert!(shown.contains("api_key: None"), "{shown}");
    }

    #[test]
    fn debug_shows_no_token() {
        let azure = env(&[("AZURE_OPENAI_API_KEY", "canary-1"), ("AZURE_OPENAI_AD_TOKEN", "canary-2")])
            .azure_ad_token("canary-3")
            .azure_endpoint("https://canary-4@r.example?canary-5");
        assert!(!format!("{azure:?}").contains("canary"));
    }
}

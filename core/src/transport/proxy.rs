//! Which requests go through which proxy.

use reqwest::{NoProxy, Proxy};
use url::Url;

use crate::error::Error;
use crate::secret::Secret;

const SCHEMES: [&str; 5] = ["http", "https", "socks4", "socks5", "socks5h"];

/// What was said about proxies.
#[derive(Clone)]
pub(super) struct ProxySettings {
    /// Everything goes through this one. May hold a password.
    pub(super) url: Option<Secret>,
    /// Hosts that are reached directly, as in `NO_PROXY`.
    pub(super) bypass: Vec<String>,
    /// Whether environment and system are asked where no proxy was named.
    pub(super) system: bool,
}

impl Default for ProxySettings {
    fn default() -> Self {
        Self { url: None, bypass: Vec::new(), system: true }
    }
}

/// The proxies of a client.
#[derive(Debug)]
pub(super) enum Proxies {
    /// Whatever environment and system say.
    System,
    /// These, the first that fits; none for an empty list.
    These(Vec<Proxy>),
}

impl ProxySettings {
    /// The proxies, `env` being the environment.
    pub(super) fn proxies(&self, env: impl Fn(&str) -> Option<String>) -> Result<Proxies, Error> {
        let env = |names: [&str; 2]| names.into_iter().filter_map(&env).find(|value| !value.trim().is_empty());
        let own = self.bypass.join(",");
        let listed = env(["NO_PROXY", "no_proxy"]);
        let every_host = |list: &str| list.split(',').any(|host| host.trim() == "*");
        if every_host(&own) || self.url.is_none() && listed.as_deref().is_some_and(every_host) {
            return Ok(Proxies::These(Vec::new()));
        }
        if let Some(url) = &self.url {
            return Ok(Proxies::These(vec![with_bypass(Proxy::all(parse(url.expose(), "the proxy")?), &own)?]));
        }
        if !self.system {
            return Ok(Proxies::These(Vec::new()));
        }
        if self.bypass.is_empty() {
            return Ok(Proxies::System);
        }
        let bypass = match listed {
            Some(listed) => format!("{listed},{own}"),
            None => own,
        };
        // A web server hands the header `Proxy` of a stranger's request on as HTTP_PROXY.
        let cgi = env(["REQUEST_METHOD", "REQUEST_METHOD"]).is_some();
        let http = env(["HTTP_PROXY", "http_proxy"]).filter(|_| !cgi);
        let named = [
            ("HTTP_PROXY", http, Proxy::http as fn(Url) -> reqwest::Result<Proxy>),
            ("HTTPS_PROXY", env(["HTTPS_PROXY", "https_proxy"]), Proxy::https),
            ("ALL_PROXY", env(["ALL_PROXY", "all_proxy"]), Proxy::all),
        ];
        let mut proxies = Vec::new();
        for (name, value, make) in named {
            if let Some(value) = value {
                proxies.push(with_bypass(make(parse(&value, name)?), &bypass)?);
            }
        }
        Ok(Proxies::These(proxies))
    }
}

fn with_bypass(proxy: reqwest::Result<Proxy>, bypass: &str) -> Result<Proxy, Error> {
    let proxy = proxy.map_err(|_| Error::usage("the proxy URL cannot be used"))?;
    Ok(proxy.no_proxy(NoProxy::from_string(bypass)))
}

/// Reads a proxy's URL. Errors do not quote it, since it may hold a password.
fn parse(text: &str, name: &str) -> Result<Url, Error> {
    let text = text.trim();
    let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let wrong = |why: &str| {
        Error::usage(format!(
            "{name} cannot be used: {why}. It looks like `http://host:port` or `http://user:password@host:port`, with \
             special characters of the password as `%40`; https, socks4, socks5 and socks5h are fine too"
        ))
    };
    let url = Url::parse(&whole).map_err(|error| wrong(&error.to_string()))?;
    if !SCHEMES.contains(&url.scheme()) {
        return Err(wrong(&format!("its scheme `{}` is unknown", url.scheme())));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("it names no host"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
        |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    fn count(settings: &ProxySettings, pairs: &'static [(&'static str, &'static str)]) -> Option<usize> {
        match settings.proxies(env(pairs)).unwrap() {
            Proxies::System => None,
            Proxies::These(proxies) => Some(proxies.len()),
        }
    }

    #[test]
    fn a_named_proxy_takes_the_place_of_the_environments() {
        let named = ProxySettings { url: Some("proxy.test:3128".into()), ..ProxySettings::default() };
        assert_eq!(count(&named, &[("HTTPS_PROXY", "nonsense://")]), Some(1));
    }

    #[test]
    fn without_a_word_environment_and_system_decide() {
        assert_eq!(count(&ProxySettings::default(), &[]), None);
        assert_eq!(count(&ProxySettings { system: false, ..ProxySettings::default() }, &[]), Some(0));
    }

    #[test]
    fn further_hosts_to_reach_directly_keep_the_proxies_of_the_environment() {
        let settings = ProxySettings { bypass: vec!["a.test".into()], ..ProxySettings::default() };
        assert_eq!(count(&settings, &[("https_proxy", "http://p:1"), ("ALL_PROXY", "socks5://p:2")]), Some(2));
        assert_eq!(count(&settings, &[("HTTP_PROXY", "http://p:1"), ("REQUEST_METHOD", "GET")]), Some(0));
        assert_eq!(count(&settings, &[("HTTP_PROXY", " "), ("http_proxy", "p:1")]), Some(1));
    }

    #[test]
    fn a_star_turns_proxies_off_wherever_it_stands() {
        let star = ProxySettings { bypass: vec!["a.test, *".into()], url: Some("p:1".into()), system: true };
        assert_eq!(count(&star, &[]), Some(0));
        assert_eq!(count(&ProxySettings::default(), &[("NO_PROXY", "*"), ("HTTP_PROXY", "p:1")]), Some(0));
        let named = ProxySettings { url: Some("p:1".into()), ..ProxySettings::default() };
        assert_eq!(count(&named, &[("NO_PROXY", "*")]), Some(1), "what the program says wins");
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_told_without_its_password() {
        for url in ["ftp://canary:canary@p", "http://canary@", "http://u:canary@p:99999", "http://u:canary@[::1"] {
            let settings = ProxySettings { url: Some(url.into()), ..ProxySettings::default() };
            let error = settings.proxies(env(&[])).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Usage);
            assert!(error.message().contains("http://user:password@host:port"), "{error}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        }
    }
}

//! Which requests go through which proxy.

use hyper_util::client::proxy::matcher::{Builder, Matcher};
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
    /// These, the first that fits; none for an empty list. And who is reached without them.
    These(Vec<(Scope, Url)>, String),
}

/// What a proxy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Http,
    Https,
    All,
}

impl Proxies {
    /// As the HTTP library takes them; `None`: as it finds them.
    pub(super) fn list(&self) -> Result<Option<Vec<Proxy>>, Error> {
        let Self::These(proxies, bypass) = self else { return Ok(None) };
        let made = proxies.iter().map(|(scope, url)| {
            let make = match scope {
                Scope::Http => Proxy::http as fn(Url) -> reqwest::Result<Proxy>,
                Scope::Https => Proxy::https,
                Scope::All => Proxy::all,
            };
            let proxy = make(url.clone()).map_err(|_| Error::usage("the proxy URL cannot be used"))?;
            Ok(proxy.no_proxy(NoProxy::from_string(bypass)))
        });
        made.collect::<Result<_, Error>>().map(Some)
    }

    /// As a question: which one, if any, is on the way.
    pub(super) fn matcher(&self) -> Matcher {
        let Self::These(proxies, bypass) = self else { return Matcher::from_system() };
        let builder = Matcher::builder().no(bypass.as_str());
        let add = |builder: Builder, (scope, url): &(Scope, Url)| match scope {
            Scope::Http => builder.http(url.as_str()),
            Scope::Https => builder.https(url.as_str()),
            Scope::All => builder.all(url.as_str()),
        };
        proxies.iter().fold(builder, add).build()
    }
}

impl ProxySettings {
    /// The proxies, `env` being the environment.
    pub(super) fn proxies(&self, env: impl Fn(&str) -> Option<String>) -> Result<Proxies, Error> {
        let env = |names: [&str; 2]| names.into_iter().filter_map(&env).find(|value| !value.trim().is_empty());
        let own = self.bypass.join(",");
        let listed = env(["NO_PROXY", "no_proxy"]);
        let every_host = |list: &str| list.split(',').any(|host| host.trim() == "*");
        if every_host(&own) || self.url.is_none() && listed.as_deref().is_some_and(every_host) {
            return Ok(Proxies::These(Vec::new(), own));
        }
        if let Some(url) = &self.url {
            return Ok(Proxies::These(vec![(Scope::All, parse(url.expose(), "the proxy")?)], own));
        }
        if !self.system {
            return Ok(Proxies::These(Vec::new(), own));
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
            ("HTTP_PROXY", http, Scope::Http),
            ("HTTPS_PROXY", env(["HTTPS_PROXY", "https_proxy"]), Scope::Https),
            ("ALL_PROXY", env(["ALL_PROXY", "all_proxy"]), Scope::All),
        ];
        let mut proxies = Vec::new();
        for (name, value, scope) in named {
            if let Some(value) = value {
                proxies.push((scope, parse(&value, name)?));
            }
        }
        Ok(Proxies::These(proxies, bypass))
    }
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
        settings.proxies(env(pairs)).unwrap().list().unwrap().map(|proxies| proxies.len())
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
    fn the_proxy_on_the_way_is_the_one_that_the_settings_name() {
        let settings = ProxySettings { bypass: vec!["2001:db8:1::/48, ::1".into()], ..ProxySettings::default() };
        let proxies = settings.proxies(env(&[("HTTPS_PROXY", "http://u:p@a:1"), ("ALL_PROXY", "b:2")])).unwrap();
        let on_the_way = |url: &'static str| {
            proxies.matcher().intercept(&http::Uri::from_static(url)).map(|found| found.uri().to_string())
        };
        assert_eq!(on_the_way("https://[2001:db8::1]/v1").as_deref(), Some("http://a:1/"));
        assert_eq!(on_the_way("http://[2001:db8::1]/v1").as_deref(), Some("http://b:2/"));
        assert_eq!(on_the_way("https://[::1]:8080/v1"), None);
        assert_eq!(on_the_way("https://[2001:db8:1::7]/v1"), None);
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

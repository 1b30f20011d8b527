//! Behind a firewall: a proxy with credentials, an authority of one's own, a client certificate, each if its variable is set.

use std::time::Duration;

use threadline::{ClientBuilder, Error, ErrorKind};

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut builder = ClientBuilder::from_env().connect_timeout(Duration::from_secs(10));
    if let Some(url) = set("PROXY") {
        builder = builder.proxy(url).no_proxy("localhost,.internal");
    }
    if let Some(file) = set("CA_FILE") {
        builder = builder.ca_certificate_file(file);
    }
    if let (Some(certificate), Some(key)) = (set("CLIENT_CERT_FILE"), set("CLIENT_KEY_FILE")) {
        builder = builder.client_certificate_files(certificate, key);
    }
    let client = builder.build()?;

    match client.models().list().await {
        Ok(models) => {
            for model in &models.data {
                println!("{}", model.id);
            }
        }
        // The message names what stood in the way, and what to do about it.
        Err(error) if matches!(error.kind(), ErrorKind::Connection | ErrorKind::Timeout) => {
            println!("no way to the API: {}", error.message());
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

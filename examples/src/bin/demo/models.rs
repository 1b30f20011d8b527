//! The provider's models.

use threadline::Error;
use threadline_examples::Provider;

const SHOWN: usize = 3;

pub(crate) async fn run(provider: &Provider) -> Result<(), Error> {
    println!("\nModels");
    let page = provider.client.models().list().await?;
    for model in page.data.iter().take(SHOWN) {
        println!("  {}", model.id);
    }
    if page.data.len() > SHOWN {
        println!("  … and {} more", page.data.len() - SHOWN);
    }
    Ok(())
}

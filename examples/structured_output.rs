//! Structured output: the answer as a value of a Rust type.

use schemars::JsonSchema;
use serde::Deserialize;
use threadline::types::{ChatCompletionCreateParams, ChatCompletionUserMessageParam};
use threadline::{Client, Error, ErrorKind};
use threadline_examples::model;

/// A recipe for one pot.
#[derive(Debug, Deserialize, JsonSchema)]
struct Recipe {
    title: String,
    ingredients: Vec<Ingredient>,
    /// One sentence each.
    steps: Vec<String>,
    /// Left out if it needs no oven.
    oven_degrees: Option<u16>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Ingredient {
    name: String,
    amount: f64,
    unit: Unit,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Unit {
    Gram,
    Millilitre,
    Piece,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let question = ChatCompletionUserMessageParam::new("A simple soup for two, please.");
    let params = ChatCompletionCreateParams::new(vec![question.into()], model()).max_completion_tokens(2000);

    let completion = match client.chat().completions().parse::<Recipe>(params).await {
        Err(error) if error.kind() == ErrorKind::LengthFinish => {
            println!("the recipe is too long for the limit");
            return Ok(());
        }
        other => other?,
    };
    let Some(recipe) = completion.parsed() else {
        println!("refused: {}", completion.refusal().unwrap_or("without a word"));
        return Ok(());
    };
    println!("{}", recipe.title);
    for part in &recipe.ingredients {
        println!("- {} {:?} of {}", part.amount, part.unit, part.name);
    }
    for (number, step) in recipe.steps.iter().enumerate() {
        println!("{}. {step}", number + 1);
    }
    if let Some(degrees) = recipe.oven_degrees {
        println!("oven: {degrees} °C");
    }
    Ok(())
}

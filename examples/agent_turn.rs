//! Hosted agents: a turn of a session, with a function that the agent calls.

use std::convert::Infallible;

use schemars::JsonSchema;
use serde::Deserialize;
use threadline::tools::Tool;
use threadline::types::AgentSessionEvent;
use threadline::{Client, Error};

/// The price of a product.
#[derive(Debug, Deserialize, JsonSchema)]
struct Price {
    product: String,
}

async fn price(args: Price) -> Result<String, Infallible> {
    Ok(format!("{} costs 3 euros", args.product))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let sessions = client.beta().agents().sessions();
    let mut turn = sessions.stream("session_1", "What does tea cost?").tools([Tool::new("get_price", price)]).await?;
    while let Some(event) = turn.try_next().await? {
        match event {
            AgentSessionEvent::AgentSessionTurnItemAdded(event) => println!("item of turn {:?}", event.turn_id),
            AgentSessionEvent::AgentSessionTurnOutputTextDelta(delta) => print!("{}", delta.delta),
            _ => {}
        }
    }
    let result = turn.get_final_result().await?;
    println!("\n{}: {}", result.turn.status, result.output_text());
    Ok(())
}

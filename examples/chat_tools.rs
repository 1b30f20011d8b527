//! Functions: the model asks for one, the program runs it, the model answers.

use serde_json::{Value, json};
use threadline::types::{
    ChatCompletionAssistantMessageParam, ChatCompletionCreateParams, ChatCompletionFunctionTool,
    ChatCompletionMessageParam, ChatCompletionMessageToolCall, ChatCompletionTool, ChatCompletionToolMessageParam,
    ChatCompletionUserMessageParam, FunctionDefinition,
};
use threadline::{Client, Error};
use threadline_examples::model;

fn weather(arguments: &str) -> String {
    let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
    json!({"city": arguments["city"], "celsius": -3, "sky": "clear"}).to_string()
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let function = FunctionDefinition::new("weather").description("The weather in a city now.").parameters([
        ("type", json!("object")),
        ("properties", json!({"city": {"type": "string"}})),
        ("required", json!(["city"])),
    ]);
    let tools: Vec<ChatCompletionTool> = vec![ChatCompletionFunctionTool::new(function).into()];
    let mut messages: Vec<ChatCompletionMessageParam> =
        vec![ChatCompletionUserMessageParam::new("What is the weather in Oslo?").into()];

    // A model may ask several times; one that never stops asking is stopped here.
    for _ in 0..5 {
        let params = ChatCompletionCreateParams::new(messages.clone(), model()).tools(tools.clone());
        let completion = client.chat().completions().create(params).await?.into_inner();
        let Some(choice) = completion.choices.into_iter().next() else { break };
        let Some(calls) = choice.message.tool_calls.filter(|calls| !calls.is_empty()) else {
            println!("answer: {}", choice.message.content.unwrap_or_default());
            return Ok(());
        };
        messages.push(ChatCompletionAssistantMessageParam::new().tool_calls(calls.clone()).into());
        for call in calls {
            if let ChatCompletionMessageToolCall::Function(call) = call {
                println!("the model asks for {}({})", call.function.name, call.function.arguments);
                let output = weather(&call.function.arguments);
                messages.push(ChatCompletionToolMessageParam::new(output, call.id).into());
            }
        }
    }
    println!("no answer after five rounds");
    Ok(())
}

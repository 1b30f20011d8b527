//! The first process: a document, an assistant, a question, the function that the model asks for, the steps.

use serde_json::json;
use threadline::polling::VectorStoreFileUploadParams;
use threadline::types::{
    AssistantCreateParams, AssistantFileSearchTool, AssistantFunctionTool, AssistantTool, AssistantUpdateParams,
    FunctionDefinition, Run, RunCreateParams, RunSubmitToolOutputsParams, RunToolOutput, ThreadCreateParams,
    ThreadCreateToolResources, ThreadCreateToolResourcesFileSearch, ThreadMessageCreateParams, VectorStoreCreateParams,
};
use threadline::{Client, Error, FileInput};

use super::show;

const DOCUMENT: &str = include_str!("harbour.md");
const QUESTION: &str = "When does the harbour office open on Saturdays, and what is the weather in Lunde?";
const INSTRUCTIONS: &str = "You answer guests of the harbour of Lunde, in one or two sentences. Look into the files before \
                            you answer and cite them. Ask the weather function about the weather, never guess.";

pub(crate) async fn begin(client: &Client, model: &str) -> Result<(), Error> {
    let beta = client.beta();
    let stores = client.vector_stores();
    let store = stores.create(VectorStoreCreateParams::new().name("harbour")).await?;
    let document = FileInput::from_bytes(DOCUMENT).with_filename("harbour.md");
    let file = stores.files().upload_and_poll(&store.id, VectorStoreFileUploadParams::new(document)).await?;
    println!("  document harbour.md: {}", file.status);

    let weather = FunctionDefinition::new("weather").description("The weather in a town now.").parameters([
        ("type", json!("object")),
        ("properties", json!({"city": {"type": "string"}})),
        ("required", json!(["city"])),
    ]);
    let tools: Vec<AssistantTool> =
        vec![AssistantFileSearchTool::new().into(), AssistantFunctionTool::new(weather).into()];
    let search = ThreadCreateToolResourcesFileSearch::new().vector_store_ids(vec![store.id.clone()]);
    let params = AssistantCreateParams::new(model)
        .name("Harbour desk")
        .instructions(INSTRUCTIONS)
        .tools(tools)
        .tool_resources(ThreadCreateToolResources::new().file_search(search));
    let assistant = beta.assistants().create(params).await?;
    println!("  assistant {} with file search and 1 function", assistant.id);

    let thread = beta.threads().create(ThreadCreateParams::new()).await?;
    // Threads cannot be listed: the assistant remembers this one for the next process.
    let note = AssistantUpdateParams::new().metadata([("thread", thread.id.as_str())]);
    beta.assistants().update(&assistant.id, note).await?;
    beta.threads().messages().create(&thread.id, ThreadMessageCreateParams::new(QUESTION, "user")).await?;
    println!("  thread {}\n  guest: {QUESTION}", thread.id);

    let params = RunCreateParams::new(assistant.id.as_str());
    let stream = beta.threads().runs().create_stream(&thread.id, params).await?;
    let run = match show::follow(stream).await? {
        show::Pause::Waits(run) => answer(client, &thread.id, *run).await?,
        show::Pause::Ended(run) => {
            println!("  (the model called no function)");
            run
        }
    };
    let Some(run) = run else { return Ok(()) };
    show::steps(client, &thread.id, &run).await
}

/// Gives the run what its functions say, and prints the rest of the answer.
async fn answer(client: &Client, thread: &str, run: Run) -> Result<Option<String>, Error> {
    let runs = client.beta().threads().runs();
    let mut run = run;
    // A model may ask more than once; not for ever.
    for _ in 0..5 {
        let Some(action) = &run.required_action else { break };
        let mut outputs = Vec::new();
        for call in &action.submit_tool_outputs.tool_calls {
            println!("  function {}({})", call.function.name, call.function.arguments);
            let output = RunToolOutput::new().tool_call_id(call.id.as_str()).output("clear, 7 degrees, light wind");
            outputs.push(output);
        }
        let params = RunSubmitToolOutputsParams::new(outputs);
        let stream = runs.submit_tool_outputs_stream(thread, &run.id, params).await?;
        match show::follow(stream).await? {
            show::Pause::Ended(ended) => return Ok(ended),
            show::Pause::Waits(more) => run = *more,
        }
    }
    runs.cancel(thread, &run.id).await?;
    println!("  (the model asked for its function again and again; the run is cancelled)");
    Ok(Some(run.id.clone()))
}

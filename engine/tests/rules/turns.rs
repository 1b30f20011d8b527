//! What a run does, turn by turn: section 11.

use serde_json::{Value, json};
use threadline_engine::Settings;
use threadline_engine::model::{Ending, ErrorCode, ModelError};

use crate::support::store::Shared;
use crate::support::{Act, Bench, RESTS, calls, end, ends, function, id, says, text, usage};

fn said(message: &Value) -> &str {
    message["content"][0]["text"]["value"].as_str().unwrap()
}

fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

#[tokio::test]
async fn the_model_gets_instructions_thread_and_what_the_run_has_done() {
    let bench = Bench::new([says("First."), calls(&[("a", "f", "{\"x\":1}")]), says("Second.")]).await;
    let (assistant, thread) = bench.ready(json!({"instructions": "Be kind.", "tools": [function("f")]})).await;
    bench.run(&thread, json!({"assistant_id": assistant})).await;
    bench.post(&format!("/v1/threads/{thread}/messages"), user("And now?")).await;
    let run = id(&bench.run(&thread, json!({"assistant_id": assistant})).await);
    bench.answer(&thread, &run, &[("a", "42")]).await;
    bench.wait(&thread, &run, &["completed"]).await;
    let asked = bench.script.asked();
    for turn in &asked {
        assert_eq!(turn.instructions, "Be kind.");
    }
    let texts: Vec<&str> = asked[2].messages.iter().map(said).collect();
    assert_eq!(texts, ["Hello", "First.", "And now?"]);
    assert_eq!((asked[1].turns.len(), asked[2].turns.len()), (0, 1));
    let call = &asked[2].turns[0].calls[0];
    assert_eq!((call.name.as_str(), call.arguments.as_str(), call.output.as_str()), ("f", "{\"x\":1}", "42"));
}

#[tokio::test]
async fn calls_of_earlier_runs_are_not_shown_again() {
    let bench = Bench::new([calls(&[("a", "f", "{}")]), says("First."), says("Second.")]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let run = id(&bench.run(&thread, json!({"assistant_id": assistant})).await);
    bench.answer(&thread, &run, &[("a", "secret")]).await;
    bench.wait(&thread, &run, &["completed"]).await;
    bench.run(&thread, json!({"assistant_id": assistant})).await;
    let asked = &bench.script.asked()[2];
    assert!(asked.turns.is_empty());
    assert!(!asked.messages.iter().any(|message| message.to_string().contains("secret")));
}

#[tokio::test]
async fn one_step_for_the_text_and_one_for_all_calls() {
    let mut turn = vec![text("Let me see.")];
    turn.extend(calls(&[("a", "f", "{}"), ("b", "g", "{}")]));
    let bench = Bench::new([turn, says("Done.")]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f"), function("g")]})).await;
    let run = id(&bench.run(&thread, json!({"assistant_id": assistant})).await);
    let steps = bench.steps(&thread, &run).await;
    assert_eq!(steps.len(), 2);
    assert_eq!((&steps[0]["type"], &steps[0]["status"]), (&json!("message_creation"), &json!("completed")));
    let names: Vec<&str> = steps[1]["step_details"]["tool_calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["function"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["f", "g"]);
    bench.answer(&thread, &run, &[("a", "1"), ("b", "2")]).await;
    let run = bench.wait(&thread, &run, &["completed"]).await;
    let steps = bench.steps(&thread, &id(&run)).await;
    let tokens: Vec<i64> = steps.iter().map(|step| step["usage"]["total_tokens"].as_i64().unwrap()).collect();
    assert_eq!(tokens, [0, 27, 15], "a turn's tokens are its last step's");
    assert_eq!(run["usage"]["total_tokens"], 42);
}

#[tokio::test]
async fn a_run_that_never_comes_to_an_end_is_ended() {
    let mut settings = Settings::default();
    settings.max_turns = 2;
    let search = || calls(&[("x", "file_search", "{\"queries\": [\"x\"]}")]);
    let bench = Bench::with(settings, [search(), search(), search()]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [{"type": "file_search"}]})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!((&run["status"], &run["last_error"]["code"]), (&json!("failed"), &json!("server_error")));
    assert_eq!(run["last_error"]["message"], "The run needed more than 2 model calls.");
    assert_eq!(bench.script.asked().len(), 2);
}

#[tokio::test]
async fn a_choice_of_tools_holds_for_the_first_turn() {
    let named = json!({"type": "function", "function": {"name": "f"}});
    for (choice, second) in [(json!("required"), json!("auto")), (named, json!("auto")), (json!("none"), json!("none"))]
    {
        let bench = Bench::new([calls(&[("a", "f", "{}")]), says("x")]).await;
        let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
        let run = bench.run(&thread, json!({"assistant_id": assistant, "tool_choice": choice})).await;
        assert_eq!(run["tool_choice"], choice);
        bench.answer(&thread, &id(&run), &[("a", "x")]).await;
        bench.wait(&thread, &id(&run), &["completed"]).await;
        let asked = bench.script.asked();
        assert_eq!((&asked[0].tool_choice, &asked[1].tool_choice), (&choice, &second));
    }
}

#[tokio::test]
async fn the_last_messages_count_both_roles_as_the_run_found_them() {
    let bench = Bench::new([calls(&[("a", "f", "{}")]), says("x")]).await;
    let (assistant, _) = bench.ready(json!({"tools": [function("f")]})).await;
    let messages = json!([user("1"), {"role": "assistant", "content": "2"}, user("3")]);
    let thread = id(&bench.post("/v1/threads", json!({ "messages": messages })).await);
    let last = json!({"type": "last_messages", "last_messages": 2});
    let body = json!({"assistant_id": assistant, "truncation_strategy": last,
                      "additional_messages": [{"role": "assistant", "content": "4"}]});
    let run = bench.run(&thread, body).await;
    assert_eq!(run["truncation_strategy"], last);
    bench.answer(&thread, &id(&run), &[("a", "x")]).await;
    bench.wait(&thread, &id(&run), &["completed"]).await;
    for turn in bench.script.asked() {
        assert_eq!(turn.messages.iter().map(said).collect::<Vec<_>>(), ["3", "4"]);
    }
    assert_eq!(bench.messages(&thread, 5).await.len(), 5, "nothing is taken from the thread itself");
}

#[tokio::test]
async fn a_long_thread_loses_its_middle() {
    let bench = Bench::new([says("x")]).await;
    let (assistant, _) = bench.ready(json!({})).await;
    let mut messages = vec![user("The first question")];
    messages.extend(
        (0..30).map(|number| json!({"role": "assistant", "content": format!("{number} {}", "word ".repeat(60))})),
    );
    messages.push(user("The last question"));
    let thread = id(&bench.post("/v1/threads", json!({ "messages": messages })).await);
    let run = bench.run(&thread, json!({"assistant_id": assistant, "max_prompt_tokens": 500})).await;
    assert_eq!(run["status"], "completed");
    let seen = &bench.script.asked()[0].messages;
    assert_eq!((said(&seen[0]), said(seen.last().unwrap())), ("The first question", "The last question"));
    let kept: Vec<usize> =
        seen[1..seen.len() - 1].iter().map(|m| said(m).split(' ').next().unwrap().parse().unwrap()).collect();
    assert!(!kept.is_empty() && kept.len() < 10);
    assert_eq!(kept, (30 - kept.len()..30).collect::<Vec<_>>(), "the newest stay");
}

#[tokio::test]
async fn the_newest_question_is_sent_even_where_it_cannot_fit() {
    let mut settings = Settings::default();
    settings.context_tokens = 100;
    let bench = Bench::with(settings, [says("x"), says("never")]).await;
    let (assistant, _) = bench.ready(json!({})).await;
    let thread = id(&bench.post("/v1/threads", json!({"messages": [user("old"), user(&"word ".repeat(500))]})).await);
    assert_eq!(bench.run(&thread, json!({"assistant_id": assistant})).await["status"], "completed");
    let seen = &bench.script.asked()[0].messages;
    assert_eq!(seen.len(), 1);
    assert!(said(&seen[0]).len() > 1000);
    let run = bench
        .run(
            &thread,
            json!({"assistant_id": assistant, "max_prompt_tokens": 256,
        "truncation_strategy": {"type": "last_messages", "last_messages": 2}}),
        )
        .await;
    assert_eq!(
        (&run["status"], &run["incomplete_details"]["reason"]),
        (&json!("incomplete"), &json!("max_prompt_tokens"))
    );
    assert_eq!(run["usage"]["total_tokens"], 0);
    assert_eq!(bench.script.asked().len(), 1);
}

#[tokio::test]
async fn a_context_that_overflows_is_cut_by_a_quarter_once() {
    let overflow = || {
        let mut error = ModelError::new(ErrorCode::InvalidPrompt, "too long");
        error.context_overflow = true;
        vec![Act::Fail(error)]
    };
    let bench = Bench::new([overflow(), says("x"), overflow(), overflow(), says("never")]).await;
    let (assistant, _) = bench.ready(json!({})).await;
    let messages: Vec<Value> = (0..40).map(|_| user(&"word ".repeat(50))).collect();
    let thread = id(&bench.post("/v1/threads", json!({ "messages": messages })).await);
    assert_eq!(bench.run(&thread, json!({"assistant_id": assistant})).await["status"], "completed");
    let seen: Vec<usize> = bench.script.asked().iter().map(|turn| turn.messages.len()).collect();
    assert_eq!(seen[0], 40);
    assert!((28..=31).contains(&seen[1]), "{seen:?}");
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!((&run["status"], &run["last_error"]["code"]), (&json!("failed"), &json!("invalid_prompt")));
    assert_eq!(bench.script.asked().len(), 4);
}

#[tokio::test]
async fn budgets_are_the_whole_runs() {
    let mut first = calls(&[("a", "f", "{}")]);
    let last = first.len() - 2;
    first[last] = usage(200, 300);
    let bench = Bench::new([first, says("x")]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let body = json!({"assistant_id": assistant, "max_prompt_tokens": 500, "max_completion_tokens": 1000});
    let run = bench.run(&thread, body).await;
    assert_eq!((&run["max_prompt_tokens"], &run["max_completion_tokens"]), (&json!(500), &json!(1000)));
    bench.answer(&thread, &id(&run), &[("a", "x")]).await;
    bench.wait(&thread, &id(&run), &["completed"]).await;
    let asked = bench.script.asked();
    assert_eq!((asked[0].max_output_tokens, asked[1].max_output_tokens), (Some(1000), Some(700)));
}

#[tokio::test]
async fn a_budget_that_is_spent_before_a_turn_ends_the_run() {
    for (spent, least, ends_early) in [(300, 1, true), (290, 16, true), (290, 1, false)] {
        let mut first = calls(&[("a", "f", "{}")]);
        let last = first.len() - 2;
        first[last] = usage(10, spent);
        let bench = Bench::new([first, says("x")]).await;
        bench.script.least_output(least);
        let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
        let run = bench.run(&thread, json!({"assistant_id": assistant, "max_completion_tokens": 300})).await;
        bench.answer(&thread, &id(&run), &[("a", "x")]).await;
        let run = bench.wait(&thread, &id(&run), RESTS).await;
        if ends_early {
            assert_eq!(run["incomplete_details"], json!({"reason": "max_completion_tokens"}));
            assert_eq!(bench.script.asked().len(), 1);
        } else {
            assert_eq!(run["status"], "completed");
            assert_eq!(bench.script.asked()[1].max_output_tokens, Some(10));
        }
    }
}

#[tokio::test]
async fn tokens_that_nobody_counted_are_estimated() {
    let store = Shared::new().await;
    let bench = Bench::on(&store.url, Settings::default(), [vec![text("Twelve words or so."), end()], says("x")]).await;
    let (assistant, _) = bench.ready(json!({"instructions": "word ".repeat(100)})).await;
    let thread = id(&bench.post("/v1/threads", json!({"messages": [user(&"word ".repeat(300))]})).await);
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    let (prompt, completion) =
        (run["usage"]["prompt_tokens"].as_i64().unwrap(), run["usage"]["completion_tokens"].as_i64().unwrap());
    assert!((300..700).contains(&prompt), "{prompt} for about 400");
    assert!((4..8).contains(&completion), "{completion} for 5");
    let counted = bench.run(&thread, json!({"assistant_id": assistant})).await;
    for (run, marked) in [(run, true), (counted, false)] {
        let plan = &store.sql(&format!("select plan from runs where id = '{}'", id(&run))).await[0][0];
        assert_eq!(plan.contains("\"estimated\":true"), marked);
        assert!(!run.to_string().contains("estimated"));
    }
}

#[tokio::test]
async fn a_length_without_a_budget_is_incomplete_too() {
    let bench = Bench::new([vec![text("cut"), usage(1, 1), ends(Ending::Length)]]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!(run["incomplete_details"], json!({"reason": "max_completion_tokens"}));
    assert_eq!(bench.script.asked()[0].max_output_tokens, None);
}

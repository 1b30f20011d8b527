use super::*;
use crate::tools::CallOutcome;

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

#[track_caller]
fn same(found: &Json, expected: &str) {
    assert_eq!(*found, json(expected), "{found}");
}

fn arguments(run: &ToolLoop) -> Json {
    run.request().unwrap().arguments
}

const CHAT: &str = r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"tool_choice":"required"}"#;
const TWO_CALLS: &str = r#"{"choices":[{"finish_reason":"tool_calls","message":{"role":"assistant","content":null,"refusal":null,
    "annotations":[],"reasoning_content":"r","tool_calls":[
    {"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"},"extra_content":{"sig":"s"}},
    {"id":"b","type":"custom","custom":{"name":"c","input":"raw"}}]}}],
    "usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}"#;
const ANSWER: &str = r#"{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"done"}}],
    "usage":{"prompt_tokens":20,"completion_tokens":2,"total_tokens":22}}"#;

#[test]
fn a_chat_goes_on_with_the_results_in_the_models_order() {
    let mut run = ToolLoop::chat(&json(CHAT)).unwrap();
    let Next::Calls(calls) = run.reply(&json(TWO_CALLS)).unwrap() else { panic!("calls are due") };
    assert_eq!((calls[0].name.as_str(), calls[0].arguments.as_str()), ("f", r#"{"x":1}"#));
    assert_eq!((calls[1].name.as_str(), calls[1].arguments.as_str(), calls[1].custom), ("c", "raw", true));
    assert!(run.request().is_err(), "no request while results are missing");
    run.record(1, ToolResult::ok("second")).unwrap();
    run.record(0, ToolResult::new(CallOutcome::Failed, "first")).unwrap();
    assert!(run.record(0, ToolResult::ok("again")).is_err());
    same(
        &arguments(&run),
        r#"{"model":"m","tool_choice":"auto","messages":[{"role":"user","content":"hi"},
            {"role":"assistant","content":null,"reasoning_content":"r","tool_calls":[
              {"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"},"extra_content":{"sig":"s"}},
              {"id":"b","type":"custom","custom":{"name":"c","input":"raw"}}]},
            {"role":"tool","tool_call_id":"a","content":"first"},{"role":"tool","tool_call_id":"b","content":"second"}]}"#,
    );
    assert_eq!(run.reply(&json(ANSWER)).unwrap(), Next::Done);
    let transcript = run.into_transcript();
    assert_eq!(transcript.steps.len(), 2);
    assert_eq!(transcript.messages.len(), 5);
    assert_eq!(transcript.usage.total_tokens, 37);
    assert_eq!(transcript.calls().map(|call| call.outcome).collect::<Vec<_>>(), [CallOutcome::Failed, CallOutcome::Ok]);
}

#[test]
fn the_limit_of_steps_ends_a_loop_without_end() {
    let mut run = ToolLoop::chat(&json(CHAT)).unwrap();
    run.set_max_steps(2);
    run.reply(&json(TWO_CALLS)).unwrap();
    for index in 0..2 {
        run.record(index, ToolResult::ok("x")).unwrap();
    }
    let error = run.reply(&json(TWO_CALLS)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StepLimit);
    assert_eq!(run.transcript().steps[1].calls[0].outcome, CallOutcome::Pending);
    assert!(run.reply(&json(ANSWER)).is_err(), "it is over");
}

#[test]
fn calls_that_were_cut_off_are_not_made() {
    for (reason, kind) in [("length", ErrorKind::LengthFinish), ("content_filter", ErrorKind::ContentFilterFinish)] {
        let mut run = ToolLoop::chat(&json(CHAT)).unwrap();
        let error = run
            .reply(&json(&TWO_CALLS.replace(r#""tool_calls","message"#, &format!(r#""{reason}","message"#))))
            .unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.completion().is_some());
        assert_eq!(run.transcript().steps.len(), 1, "the reply is in the transcript");
    }
}

#[test]
fn a_reply_without_an_answer_is_no_end() {
    let mut run = ToolLoop::chat(&json(CHAT)).unwrap();
    assert_eq!(run.reply(&json(r#"{"choices":[]}"#)).unwrap_err().kind(), ErrorKind::Decode);
    let mut run = ToolLoop::responses(&json("{}")).unwrap();
    assert_eq!(run.reply(&json(r#"{"id":"r"}"#)).unwrap_err().kind(), ErrorKind::Decode);
}

#[test]
fn forced_choices_become_free_and_lists_of_tools_stay() {
    for (choice, after) in [
        (r#""auto""#, r#""auto""#),
        (r#""none""#, r#""none""#),
        (r#"{"type":"function","function":{"name":"f"}}"#, r#""auto""#),
        (
            r#"{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[]}}"#,
            r#"{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[]}}"#,
        ),
        (
            r#"{"type":"allowed_tools","mode":"required","tools":[]}"#,
            r#"{"type":"allowed_tools","mode":"auto","tools":[]}"#,
        ),
    ] {
        for keep in [false, true] {
            let mut run = ToolLoop::chat(&json(&CHAT.replace(r#""required""#, choice))).unwrap();
            run.set_keep_tool_choice(keep);
            run.reply(&json(TWO_CALLS)).unwrap();
            (0..2).for_each(|index| run.record(index, ToolResult::ok("")).unwrap());
            same(&arguments(&run).get("tool_choice").unwrap(), if keep { choice } else { after });
        }
    }
}

const OUTPUT: &str = r#"{"id":"resp_1","status":"completed","output":[
    {"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":null},
    {"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{}","status":"completed","created_by":"x",
     "namespace":"n","caller":{"type":"direct"}},
    {"type":"custom_tool_call","id":"ct_1","call_id":"c2","name":"g","input":"raw"},
    {"type":"function_call","call_id":"c3","name":"served","arguments":"{}"},
    {"type":"function_call_output","call_id":"c3","output":"by the server"}],
    "usage":{"input_tokens":3,"output_tokens":4,"total_tokens":7}}"#;

fn respond(request: &str, set: impl FnOnce(&mut ToolLoop)) -> ToolLoop {
    let mut run = ToolLoop::responses(&json(request)).unwrap();
    set(&mut run);
    let Next::Calls(calls) = run.reply(&json(OUTPUT)).unwrap() else { panic!("calls are due") };
    assert_eq!(calls.iter().map(|call| call.id.as_str()).collect::<Vec<_>>(), ["c1", "c2"]);
    assert_eq!(calls[0].namespace.as_deref(), Some("n"));
    run.record(0, ToolResult::ok("one")).unwrap();
    run.record(1, ToolResult::ok("two")).unwrap();
    run
}

const RESULTS: &str = r#"{"type":"function_call_output","call_id":"c1","output":"one","caller":{"type":"direct"}},
    {"type":"custom_tool_call_output","call_id":"c2","output":"two"}"#;
const ITEMS: &str = r#"{"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{}","status":"completed","namespace":"n",
       "caller":{"type":"direct"}},
    {"type":"custom_tool_call","id":"ct_1","call_id":"c2","name":"g","input":"raw"},
    {"type":"function_call","call_id":"c3","name":"served","arguments":"{}"},
    {"type":"function_call_output","call_id":"c3","output":"by the server"}"#;

#[test]
fn a_response_goes_on_with_the_whole_conversation() {
    let run = respond(r#"{"model":"m","input":"hi"}"#, |_| {});
    let expected = format!(
        r#"{{"model":"m","input":[{{"role":"user","content":"hi"}},{{"type":"reasoning","id":"rs_1","summary":[]}},{ITEMS},{RESULTS}]}}"#
    );
    same(&arguments(&run), &expected);
}

#[test]
fn reasoning_that_the_server_did_not_keep_is_left_out() {
    let run = respond(r#"{"model":"m","input":"hi","store":false}"#, |_| {});
    let expected =
        format!(r#"{{"model":"m","store":false,"input":[{{"role":"user","content":"hi"}},{ITEMS},{RESULTS}]}}"#);
    same(&arguments(&run), &expected);
}

#[test]
fn what_the_server_keeps_is_not_sent_again() {
    let run = respond(r#"{"model":"m","input":"hi","conversation":"conv_1"}"#, |_| {});
    same(&arguments(&run), &format!(r#"{{"model":"m","conversation":"conv_1","input":[{RESULTS}]}}"#));
    let run = respond(r#"{"model":"m","input":"hi"}"#, |run| run.set_chained(true));
    same(&arguments(&run), &format!(r#"{{"model":"m","previous_response_id":"resp_1","input":[{RESULTS}]}}"#));
    assert_eq!(run.transcript().messages.len(), 8, "the transcript has all of it");
}

#[test]
fn calls_that_no_function_can_answer_are_said() {
    let mut run = ToolLoop::responses(&json("{}")).unwrap();
    let mixed = r#"{"output":[{"type":"function_call","call_id":"a","name":"f","arguments":"{}"},{"type":"computer_call","call_id":"b"}]}"#;
    let error = run.reply(&json(mixed)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tool);
    assert!(error.message().contains("computer_call"));
    let mut run = ToolLoop::responses(&json("{}")).unwrap();
    assert_eq!(run.reply(&json(r#"{"output":[{"type":"computer_call","call_id":"b"}]}"#)).unwrap(), Next::Done);
}

#[test]
fn a_run_is_created_looked_at_and_given_outputs() {
    let mut run = ToolLoop::runs("t", &json(r#"{"assistant_id":"a"}"#)).unwrap();
    let request = run.request().unwrap();
    assert_eq!((request.operation.id, request.path), ("beta.threads.runs.create", vec!["t".to_owned()]));
    assert_eq!(run.reply(&json(r#"{"id":"r","status":"queued"}"#)).unwrap(), Next::Wait);
    let request = run.request().unwrap();
    assert_eq!((request.operation.id, request.path.len()), ("beta.threads.runs.retrieve", 2));
    let requires = r#"{"id":"r","status":"requires_action","required_action":{"type":"submit_tool_outputs","submit_tool_outputs":
        {"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}}}"#;
    assert!(matches!(run.reply(&json(requires)).unwrap(), Next::Calls(_)));
    run.record(0, ToolResult::ok("out")).unwrap();
    let request = run.request().unwrap();
    assert_eq!(request.operation.id, "beta.threads.runs.submit_tool_outputs");
    same(&request.arguments, r#"{"tool_outputs":[{"tool_call_id":"c","output":"out"}]}"#);
    assert_eq!(run.reply(&json(r#"{"id":"r","status":"in_progress"}"#)).unwrap(), Next::Wait);
    assert_eq!(run.request().unwrap().operation.id, "beta.threads.runs.retrieve");
    let done = r#"{"id":"r","status":"completed","usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#;
    assert_eq!(run.reply(&json(done)).unwrap(), Next::Done);
    assert_eq!(run.transcript().usage.total_tokens, 3);
}

#[test]
fn what_a_loop_cannot_follow_is_refused() {
    assert!(ToolLoop::chat(&json(r#"{"n":2,"messages":[]}"#)).is_err());
    assert!(ToolLoop::responses(&json(r#"{"background":true}"#)).is_err());
    assert!(ToolLoop::chat(&json("[]")).is_err());
}

use serde_json::json;

use super::*;

fn recorder(search: Option<&str>) -> Recorder {
    let run = json!({"id": "run_1", "thread_id": "thread_1", "assistant_id": "asst_1", "expires_at": 600});
    Recorder::new(run, search.map(str::to_owned), vec!["call_used".into()])
}

fn text(text: &str) -> TurnEvent {
    TurnEvent::Text { part: 0, text: text.into() }
}

fn start(call: usize, id: &str, name: &str) -> TurnEvent {
    TurnEvent::CallStart { call, id: id.into(), callee: Callee::Function(name.into()) }
}

/// Names of all events that a turn brings, and everything that is written.
fn play(recorder: &mut Recorder, events: Vec<TurnEvent>) -> (Vec<&'static str>, Vec<Named>, Vec<Write>) {
    let (mut all, mut writes) = (Vec::new(), Vec::new());
    for event in events {
        let out = recorder.take(event);
        all.extend(out.events);
        all.extend(out.deltas);
        writes.extend(out.writes);
    }
    (all.iter().map(|(name, _)| *name).collect(), all, writes)
}

#[test]
fn text_opens_a_step_and_a_message_once() {
    let mut recorder = recorder(None);
    let (names, all, _) = play(&mut recorder, vec![text("Hel"), text("lo"), TurnEvent::MessageEnd]);
    assert_eq!(
        names,
        [
            "thread.run.step.created",
            "thread.run.step.in_progress",
            "thread.message.created",
            "thread.message.in_progress",
            "thread.message.delta",
            "thread.message.delta",
        ]
    );
    let delta = |place: usize| all[place].1["delta"]["content"][0].clone();
    assert_eq!(delta(4), json!({"index": 0, "type": "text", "text": {"value": "Hel", "annotations": []}}));
    assert_eq!(delta(5), json!({"index": 0, "type": "text", "text": {"value": "lo"}}));
    let mut out = Outcome::default();
    recorder.close_message(step::no_usage(), &mut out);
    assert_eq!(out.events[0].1["content"][0]["text"]["value"], "Hello");
    assert_eq!(out.events[0].1["status"], "completed");
    let names: Vec<&str> = out.events.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["thread.message.completed", "thread.run.step.completed"]);
}

#[test]
fn text_before_a_call_is_a_message_that_ends_first() {
    let mut recorder = recorder(None);
    let args = |fragment: &str| TurnEvent::Arguments { call: 0, fragment: fragment.into() };
    let events = vec![text("Let me see."), start(0, "call_a", "f"), args("{\"a\":"), args("1}")];
    let (names, all, _) = play(&mut recorder, events);
    assert_eq!(
        &names[5..],
        [
            "thread.message.completed",
            "thread.run.step.completed",
            "thread.run.step.created",
            "thread.run.step.in_progress",
            "thread.run.step.delta",
            "thread.run.step.delta",
            "thread.run.step.delta",
        ]
    );
    let entry = |place: usize| all[place].1["delta"]["step_details"]["tool_calls"][0].clone();
    assert_eq!(
        entry(9),
        json!({"index": 0, "id": "call_a", "type": "function",
               "function": {"name": "f", "arguments": "", "output": null}})
    );
    assert_eq!(entry(10), json!({"index": 0, "type": "function", "function": {"arguments": "{\"a\":"}}));
    let waiting = recorder.waiting_step().unwrap();
    assert_eq!(waiting["step_details"]["tool_calls"][0]["function"]["arguments"], "{\"a\":1}");
    assert_eq!(waiting["status"], "in_progress");
    assert_eq!(recorder.turn().text, "Let me see.");
}

#[test]
fn ids_of_calls_are_kept_unless_they_are_missing_or_used() {
    let mut recorder = recorder(None);
    let calls = vec![start(0, "call_a", "f"), start(1, "call_a", "f"), start(2, "", "f"), start(3, "call_used", "f")];
    play(&mut recorder, calls);
    let ids: Vec<&str> = recorder.calls().iter().map(|call| call.id.as_str()).collect();
    assert_eq!(ids[0], "call_a");
    assert!(ids[1..].iter().all(|id| id.starts_with("call_") && *id != "call_a" && *id != "call_used"));
    assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), 4);
}

#[test]
fn the_engines_own_search_is_shown_as_a_file_search() {
    let mut recorder = recorder(Some("file_search"));
    let events = vec![start(0, "x", "file_search"), TurnEvent::Arguments { call: 0, fragment: "{}".into() }];
    let (_, all, _) = play(&mut recorder, events);
    assert_eq!(all.len(), 3, "the arguments are nobody's business");
    let entry = &all[2].1["delta"]["step_details"]["tool_calls"][0];
    assert_eq!((entry["type"].as_str(), &entry["file_search"]), (Some("file_search"), &json!({})));
    assert_eq!(recorder.calls()[0].kind, Kind::LocalSearch);
}

#[test]
fn citations_lie_where_their_text_lies() {
    let mut recorder = recorder(None);
    let citation = |marker: &str| TurnEvent::Citation { part: 0, marker: marker.into(), file_id: "file-1".into() };
    let events = vec![text("Größe 👍 "), citation("【0:0†a】"), text(" und "), citation("【0:1†b】"), text(".")];
    let (_, all, _) = play(&mut recorder, events);
    let mut out = Outcome::default();
    recorder.close_message(step::no_usage(), &mut out);
    let part = &out.events[0].1["content"][0]["text"];
    let value: Vec<char> = part["value"].as_str().unwrap().chars().collect();
    let mut end = 0;
    for annotation in part["annotations"].as_array().unwrap() {
        let at = |name: &str| usize::try_from(annotation[name].as_u64().unwrap()).unwrap();
        assert!(at("start_index") >= end && at("end_index") <= value.len());
        end = at("end_index");
        let shown: String = value[at("start_index")..end].iter().collect();
        assert_eq!(annotation["text"], shown.as_str());
        assert!(annotation.get("index").is_none(), "the index belongs to the delta");
    }
    let joined: String =
        all.iter().filter_map(|(_, data)| data["delta"]["content"][0]["text"]["value"].as_str()).collect();
    assert_eq!(part["value"], joined.as_str());
    let indexes: Vec<u64> = all
        .iter()
        .filter_map(|(_, data)| data["delta"]["content"][0]["text"]["annotations"][0]["index"].as_u64())
        .collect();
    assert_eq!(indexes, [0, 1]);
}

#[test]
fn a_refusal_is_a_part_of_its_own() {
    let mut recorder = recorder(None);
    let refusal = |text: &str| TurnEvent::Refusal { part: 1, text: text.into() };
    play(&mut recorder, vec![text("No: "), refusal("I ca"), refusal("n't")]);
    let Write::UpdateMessage(message) = &recorder.unfinished()[0] else { panic!("no message") };
    assert_eq!(message["content"][1], json!({"type": "refusal", "refusal": "I can't"}));
}

#[test]
fn tools_of_the_provider_end_their_step_when_it_speaks_again() {
    let mut recorder = recorder(None);
    let call = TurnEvent::CallStart { call: 0, id: "ci_1".into(), callee: Callee::CodeInterpreter };
    let outputs = json!([{"type": "logs", "logs": "4"}]);
    let events = vec![
        text("I compute."),
        TurnEvent::MessageEnd,
        call,
        TurnEvent::Arguments { call: 0, fragment: "2+2".into() },
        TurnEvent::CallEnd { call: 0, hosted: Some(outputs.clone()) },
        text("It is 4."),
    ];
    let (names, all, _) = play(&mut recorder, events);
    let completed = names.iter().filter(|name| **name == "thread.run.step.completed").count();
    assert_eq!(completed, 2);
    let step = all.iter().filter(|(name, _)| *name == "thread.run.step.completed").nth(1).unwrap();
    assert_eq!(
        step.1["step_details"]["tool_calls"][0]["code_interpreter"],
        json!({"input": "2+2", "outputs": outputs})
    );
    assert_eq!(names.iter().filter(|name| **name == "thread.message.created").count(), 2);
    assert!(recorder.turn().calls.is_empty(), "what the provider ran is not answered by us");
}

#[test]
fn files_that_code_made_are_named_where_the_text_names_them() {
    let produced = |start: usize, end: usize, file: &str| TurnEvent::Produced {
        part: 0,
        container_id: String::new(),
        file_id: file.into(),
        filename: "plot.png".into(),
        start,
        end,
    };
    let mut recorder = recorder(None);
    let events = vec![
        text("Größe: sandbox:/mnt/data/plot.png"),
        produced(7, 33, "file-1"),
        produced(10, 20, "file-overlapping"),
        produced(7, 7, "file-empty"),
        produced(0, 5, ""),
        produced(35, 38, "file-late"),
        produced(100, 110, "file-beyond"),
        text(", and"),
    ];
    let (_, all, _) = play(&mut recorder, events);
    let deltas: Vec<&Value> = all
        .iter()
        .map(|(_, data)| &data["delta"]["content"][0]["text"])
        .filter(|text| text["annotations"][0].is_object())
        .collect();
    assert_eq!(deltas.len(), 1);
    assert_eq!((&deltas[0]["value"], &deltas[0]["annotations"][0]["index"]), (&json!(""), &json!(0)));
    let mut out = Outcome::default();
    recorder.close_message(step::no_usage(), &mut out);
    let part = &out.events[0].1["content"][0]["text"];
    assert_eq!(part["value"], "Größe: sandbox:/mnt/data/plot.png, and");
    assert_eq!(
        part["annotations"],
        json!([
            {"type": "file_path", "text": "sandbox:/mnt/data/plot.png", "start_index": 7, "end_index": 33,
             "file_path": {"file_id": "file-1"}},
            {"type": "file_path", "text": "and", "start_index": 35, "end_index": 38,
             "file_path": {"file_id": "file-late"}},
        ])
    );
}

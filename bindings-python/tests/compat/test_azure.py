"""Requests of Azure clients by their parts: deployment and version in the address."""

from __future__ import annotations

import asyncio
from typing import Any, Dict, List

import httpx
import pytest

from openai import AsyncAzureOpenAI, AzureOpenAI
from openai._models import FinalRequestOptions
from openai.lib.azure import MutuallyExclusiveAuthError

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


def seen_by(targets: List[str]) -> Any:
    """What a server gets that redirects to these addresses, one after the other."""
    seen: List[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if len(seen) <= len(targets):
            return httpx.Response(307, headers={"location": targets[len(seen) - 1]})
        return httpx.Response(200, json={"object": "list", "data": []})

    return seen, httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True)


def azure(http: Any, **options: Any) -> AzureOpenAI:
    return AzureOpenAI(azure_endpoint="https://origin.example", api_version="2024-02-01", http_client=http, max_retries=0, **options)


def test_a_key_goes_to_its_own_origin_alone() -> None:
    seen, http = seen_by(["/same", "https://other.example/there", "https://origin.example/back"])
    client = azure(http, api_key="secret")
    client.copy().models.list()
    assert [request.headers.get("api-key") for request in seen] == ["secret", "secret", None, None]
    http.get("https://third.example", headers={"api-key": "of the program's own"})
    assert seen[-1].headers["api-key"] == "of the program's own"


def test_a_copy_may_have_another_kind_of_credential() -> None:
    kinds: List[Dict[str, Any]] = [{"api_key": "k"}, {"azure_ad_token": "t"}, {"azure_ad_token_provider": lambda: "p"}]
    sent = [{"api-key": "k"}, {"authorization": "Bearer t"}, {"authorization": "Bearer p"}]
    for first in kinds:
        for second, expected in zip(kinds, sent):
            seen, http = seen_by([])
            azure(http, **first).with_options(**second).models.list()
            headers = seen[0].headers
            assert {name: headers[name] for name in ("api-key", "authorization") if name in headers} == expected
    for method in ("copy", "with_options"):
        with pytest.raises(MutuallyExclusiveAuthError):
            getattr(azure(None, api_key="k"), method)(api_key="k", azure_ad_token="t")


@pytest.mark.parametrize("token", ["", None, {"token": "secret"}])
def test_what_a_provider_gives_instead_of_a_token_is_not_told(token: Any) -> None:
    client = azure(None, azure_ad_token_provider=lambda: token)
    with pytest.raises(ValueError, match="to return a non-empty string") as caught:
        client._configure_realtime("m", {})
    assert "secret" not in repr(caught.value)


def test_a_model_is_one_segment_of_a_path() -> None:
    client = make(AzureOpenAI)
    assert "/deployments/a%2Fb%3Fc/chat/completions" in address(client, "/chat/completions", model="a/b?c")
    for model in (".", ".."):
        with pytest.raises(ValueError, match="dot-segment"):
            address(client, "/chat/completions", model=model)

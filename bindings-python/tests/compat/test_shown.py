"""What a client and the module show of their settings."""

from __future__ import annotations

import openai
import pytest
from openai._types import Omit


def test_default_headers_show_no_credential() -> None:
    with openai.OpenAI(api_key="sk-secret", default_headers={"X-Mine": "1"}) as client:
        shown = client.default_headers
        assert "sk-secret" not in str(shown) and "Authorization" not in shown
        assert shown["X-Mine"] == "1"
        assert isinstance(shown["OpenAI-Organization"], Omit) and isinstance(shown["OpenAI-Project"], Omit)
        assert client.auth_headers == {"Authorization": "Bearer sk-secret"}
    with openai.OpenAI(api_key="k", organization="o", project="p", default_headers={"Authorization": "Mine"}) as client:
        shown = client.default_headers
        assert (shown["OpenAI-Organization"], shown["OpenAI-Project"], shown["Authorization"]) == ("o", "p", "Mine")


def test_the_module_says_how_long_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert openai.timeout == openai.DEFAULT_TIMEOUT
    monkeypatch.setattr(openai, "api_key", "k")
    for value in (5, None):
        monkeypatch.setattr(openai, "timeout", value)
        assert openai._load_client().timeout == value
        openai._reset_client()


def test_models_have_no_computed_fields() -> None:
    assert openai.BaseModel.model_computed_fields == {}

"""The OpenAI HTTP API on a Rust core, by the names of the official package: change ``openai`` into ``threadline``."""

from __future__ import annotations

import os as _os
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from . import _threadline as _native
from ._types import NOT_GIVEN as NOT_GIVEN
from ._types import NoneType as NoneType
from ._types import NotGiven as NotGiven
from ._types import Omit as Omit
from ._types import not_given as not_given
from ._types import omit as omit

__title__ = "threadline"
__version__: str = _native.__version__
VERSION = __version__

# A child of a fork makes its own threads and connections.
if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(after_in_child=_native._after_fork)

api_key: _Any = None
admin_api_key: _Any = None
organization: _Any = None
project: _Any = None
webhook_secret: _Any = None
base_url: _Any = None
max_retries: int = 2
default_headers: _Any = None
default_query: _Any = None
api_type: _Any = _os.environ.get("OPENAI_API_TYPE")
api_version: _Any = _os.environ.get("OPENAI_API_VERSION")
azure_endpoint: _Any = _os.environ.get("AZURE_OPENAI_ENDPOINT")
azure_ad_token: _Any = None
azure_ad_token_provider: _Any = None
bedrock_token_provider: _Any = None

#: Where the other public names are; each module is loaded when one of its names is first asked for.
_LAZY = {
    **dict.fromkeys(("OpenAI", "AsyncOpenAI", "Client", "AsyncClient"), "_client"),
    **dict.fromkeys(("AzureOpenAI", "AsyncAzureOpenAI"), "lib.azure"),
    **dict.fromkeys(("AsyncComputerDriver", "AsyncComputerToolset", "ComputerDriver", "ComputerToolset"), "lib.computer"),
    **dict.fromkeys(("BedrockOpenAI", "AsyncBedrockOpenAI"), "lib.bedrock"),
    **dict.fromkeys(("Stream", "AsyncStream"), "_streaming"),
    **dict.fromkeys(("APIResponse", "AsyncAPIResponse"), "_response"),
    **dict.fromkeys(("DEFAULT_TIMEOUT", "DEFAULT_MAX_RETRIES", "DEFAULT_CONNECTION_LIMITS"), "_constants"),
    **dict.fromkeys(
        (
            "DefaultAioHttpClient",
            "DefaultAsyncHttpx2Client",
            "DefaultAsyncHttpxClient",
            "DefaultHttpx2Client",
            "DefaultHttpxClient",
        ),
        "_httpx",
    ),
    **dict.fromkeys(("async_http_client", "http_client"), "_seam"),
    **dict.fromkeys(("RequestOptions", "Transport", "ProxiesTypes"), "_types"),
    **dict.fromkeys(("AssistantEventHandler", "AsyncAssistantEventHandler"), "lib.streaming"),
    **dict.fromkeys(("pydantic_function_tool", "pydantic_responses_function_tool", "json_type"), "lib._tools"),
    **dict.fromkeys(("tool", "ToolRun", "ToolStream", "AsyncToolStream"), "_helpers.tools"),
    **dict.fromkeys(("ReconnectingEvent", "ReconnectingOverrides"), "types.websocket_reconnection"),
    "BaseModel": "_models",
    "DataResidency": "_constants",
    "HttpxBinaryResponseContent": "_legacy_response",
    "Timeout": "_timeout",
    "file_from_path": "_files",
    **dict.fromkeys(
        (
            "APIConnectionError",
            "APIError",
            "APIResponseValidationError",
            "APIStatusError",
            "APITimeoutError",
            "AuthenticationError",
            "BadRequestError",
            "ConflictError",
            "ContentFilterFinishReasonError",
            "InternalServerError",
            "InvalidWebhookSignatureError",
            "LengthFinishReasonError",
            "NotFoundError",
            "OAuthError",
            "OpenAIError",
            "PermissionDeniedError",
            "RateLimitError",
            "StreamError",
            "SubjectTokenProviderError",
            "UnprocessableEntityError",
            "WebSocketConnectionClosedError",
            "WebSocketQueueFullError",
        ),
        "_exceptions",
    ),
}
_MODULES = frozenset(("types", "resources", "pagination", "lib", "auth", "bulk", "testing", "providers"))

__all__ = ["NOT_GIVEN", "NoneType", "NotGiven", "Omit", "__title__", "__version__", "not_given", "omit", "types", *_LAZY]

if _TYPE_CHECKING:
    #: As long as a program sets none, `DEFAULT_TIMEOUT`.
    timeout: _Any
    from . import bulk as bulk
    from . import testing as testing
    from . import types as types
    from ._client import AsyncClient as AsyncClient
    from ._client import AsyncOpenAI as AsyncOpenAI
    from ._client import Client as Client
    from ._client import OpenAI as OpenAI
    from ._constants import DEFAULT_CONNECTION_LIMITS as DEFAULT_CONNECTION_LIMITS
    from ._constants import DEFAULT_MAX_RETRIES as DEFAULT_MAX_RETRIES
    from ._constants import DEFAULT_TIMEOUT as DEFAULT_TIMEOUT
    from ._exceptions import APIConnectionError as APIConnectionError
    from ._exceptions import APIError as APIError
    from ._exceptions import APIResponseValidationError as APIResponseValidationError
    from ._exceptions import APIStatusError as APIStatusError
    from ._exceptions import APITimeoutError as APITimeoutError
    from ._exceptions import AuthenticationError as AuthenticationError
    from ._exceptions import BadRequestError as BadRequestError
    from ._exceptions import ConflictError as ConflictError
    from ._exceptions import ContentFilterFinishReasonError as ContentFilterFinishReasonError
    from ._exceptions import InternalServerError as InternalServerError
    from ._exceptions import InvalidWebhookSignatureError as InvalidWebhookSignatureError
    from ._exceptions import LengthFinishReasonError as LengthFinishReasonError
    from ._exceptions import NotFoundError as NotFoundError
    from ._exceptions import OAuthError as OAuthError
    from ._exceptions import OpenAIError as OpenAIError
    from ._exceptions import PermissionDeniedError as PermissionDeniedError
    from ._exceptions import RateLimitError as RateLimitError
    from ._exceptions import StreamError as StreamError
    from ._exceptions import UnprocessableEntityError as UnprocessableEntityError
    from ._exceptions import WebSocketConnectionClosedError as WebSocketConnectionClosedError
    from ._exceptions import WebSocketQueueFullError as WebSocketQueueFullError
    from ._files import file_from_path as file_from_path
    from ._legacy_response import HttpxBinaryResponseContent as HttpxBinaryResponseContent
    from ._models import BaseModel as BaseModel
    from ._response import APIResponse as APIResponse
    from ._seam import async_http_client as async_http_client
    from ._seam import http_client as http_client
    from ._response import AsyncAPIResponse as AsyncAPIResponse
    from ._streaming import AsyncStream as AsyncStream
    from ._streaming import Stream as Stream
    from ._timeout import Timeout as Timeout
    from .lib.bedrock import AsyncBedrockOpenAI as AsyncBedrockOpenAI
    from .lib.computer import AsyncComputerDriver as AsyncComputerDriver
    from .lib.computer import AsyncComputerToolset as AsyncComputerToolset
    from .lib.computer import ComputerDriver as ComputerDriver
    from .lib.computer import ComputerToolset as ComputerToolset
    from .lib.bedrock import BedrockOpenAI as BedrockOpenAI
    from .lib.azure import AsyncAzureOpenAI as AsyncAzureOpenAI
    from .lib.azure import AzureOpenAI as AzureOpenAI


def __getattr__(name: str) -> _Any:
    from importlib import import_module

    if name in _LAZY:
        value = getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
        globals()[name] = value
        return value
    if name == "timeout":
        from ._constants import DEFAULT_TIMEOUT

        return DEFAULT_TIMEOUT
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if not name.startswith("_"):
        from .resources._top import TOP

        if name in TOP:
            from ._module_client import proxy

            value = globals()[name] = proxy(name)
            return value
        from .lib._old_api import REMOVED, removed

        if name in REMOVED:
            return removed(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> "list[str]":
    return sorted({*globals(), *_LAZY, *_MODULES})


def _load_client() -> _Any:
    """The client that the module stands for."""
    from ._module_client import load

    return load()


def _reset_client() -> None:
    """Forgets the client of the module."""
    from ._module_client import reset

    reset()

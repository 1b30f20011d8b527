"""Names that the official package has in this module."""

from ._client import AsyncOpenAI as AsyncAPIClient
from ._client import OpenAI as SyncAPIClient
from ._constants import DEFAULT_CONNECTION_LIMITS, DEFAULT_MAX_RETRIES, DEFAULT_TIMEOUT
from .pagination import AsyncPaginator

__all__ = [
    "DEFAULT_CONNECTION_LIMITS",
    "DEFAULT_MAX_RETRIES",
    "DEFAULT_TIMEOUT",
    "AsyncAPIClient",
    "AsyncPaginator",
    "SyncAPIClient",
]

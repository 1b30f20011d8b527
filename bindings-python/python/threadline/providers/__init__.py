"""Other places that serve the API: ``OpenAI(provider=bedrock(region="us-west-2"))``."""

from ._provider import Provider as Provider
from .bedrock import bedrock as bedrock
from .vertex import vertex as vertex

__all__ = ["bedrock", "vertex"]

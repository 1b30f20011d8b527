"""The version of the package."""

from ._threadline import __version__ as __version__

__title__ = "threadline"

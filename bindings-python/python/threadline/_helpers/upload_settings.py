"""What the module of ``client.uploads`` offers beside its classes: a program may put something else in their places."""

from __future__ import annotations

import logging

__all__ = ["DEFAULT_PART_SIZE", "log"]

#: Bytes of a part where a call does not say.
DEFAULT_PART_SIZE = 64 * 1024 * 1024
#: Told of every part that was uploaded.
log = logging.getLogger("openai.resources.uploads.uploads")

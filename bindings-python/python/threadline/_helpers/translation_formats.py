"""What the module of ``client.audio.translations`` offers beside its classes."""

from __future__ import annotations

import logging
from typing import Any

from ..lib._parsing._audio import get_translation_response_format_type

#: Told of formats that are not known. Programs know both resources' records by this name.
log = logging.getLogger("openai.audio.transcriptions")


def _get_response_format_type(response_format: Any) -> Any:
    """The class of a reply of this format."""
    from ..resources.audio import translations

    # The module's own name, which a program may have put something else in place of.
    return get_translation_response_format_type(response_format, log=getattr(translations, "log"))

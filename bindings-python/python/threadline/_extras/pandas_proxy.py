"""pandas."""

from __future__ import annotations

from typing import Any

from ._common import Library

pandas: Any = Library("pandas")

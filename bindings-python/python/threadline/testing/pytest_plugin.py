"""pytest's fixture ``threadline_mock``: found through the package's entry point, nothing is to be imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

import pytest

if TYPE_CHECKING:
    from threadline.testing import MockServer


@pytest.fixture
def threadline_mock() -> Iterator[MockServer]:
    """A :class:`threadline.testing.MockServer` for this test alone."""
    # Only tests that ask for it load the package.
    from threadline.testing import MockServer

    with MockServer() as server:
        yield server

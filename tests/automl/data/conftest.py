"""Messages on data in the words of the command line, as docs/data.md shows them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from automl.wording.option_names import spoken_as_typed


@pytest.fixture(autouse=True)
def on_the_command_line() -> Iterator[None]:
    """In the words of Python: tests/automl/wording/test_option_names.py."""
    with spoken_as_typed():
        yield

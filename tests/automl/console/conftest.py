"""A terminal of two widths."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["80", "120"])
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("COLUMNS", request.param)
    return int(request.param)

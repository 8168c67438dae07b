"""What tests of several formats share."""

from __future__ import annotations

import logging

import pytest


@pytest.fixture
def quiet_torch(caplog: pytest.LogCaptureFixture) -> None:
    """Where its logs are kept, torch traces ten times as long."""
    caplog.set_level(logging.CRITICAL, "torch")
    caplog.set_level(logging.CRITICAL, "torch.__trace")

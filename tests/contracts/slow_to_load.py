"""A trainer whose module takes its time to load, so that its worker can be found loading."""

from __future__ import annotations

import time

from tests.contracts.linear_trainer import LinearTrainer

time.sleep(0.5)

__all__ = ["LinearTrainer"]

from __future__ import annotations

import math

import pytest
import torch

from benchmarks.loss_ratios import LEAST_LOSS, log_loss, log_ratio


def test_the_least_loss_is_the_least_that_single_precision_tells() -> None:
    below_one = torch.nextafter(torch.ones(()), torch.zeros(()))
    assert -torch.log(below_one).item() == pytest.approx(LEAST_LOSS, rel=1e-6)
    assert log_loss(0.0) == log_loss(1e-30) == math.log(LEAST_LOSS)
    assert log_loss(0.5) == math.log(0.5)
    assert log_ratio(0.0, 0.0) == 0.0
    assert log_ratio(0.0, 0.5) == -log_ratio(0.5, 0.0) < log_ratio(1e-6, 0.5)

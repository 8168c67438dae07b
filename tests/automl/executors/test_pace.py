from __future__ import annotations

import pytest

from automl.executors.pace import Pace


def test_nothing_is_known_before_the_first_round():
    assert Pace().seconds(1.0) is None


def test_what_is_estimated_is_measured_by_the_last_rounds():
    pace = Pace()
    pace.note(2.0, 1.0)
    assert pace.seconds(0.5) == pytest.approx(1.0)
    for _ in range(50):
        pace.note(0.3, 1.0)
    assert pace.seconds(1.0) == pytest.approx(0.3, rel=0.05)

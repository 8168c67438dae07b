"""How one call searches, beside what a person has chosen."""

from __future__ import annotations

import pytest

from automl.errors import ConfigError
from automl.tuning.call_options import CallOptions


def test_slots_are_fixed_where_somebody_has_fixed_them() -> None:
    fixed, grow = CallOptions(n_slots=4).slots, CallOptions().slots
    assert fixed.in_slots(0) == fixed.in_slots(10_000) == 4
    assert grow.in_slots(0) < grow.in_slots(10_000)
    with pytest.raises(ConfigError, match="n_slots"):
        CallOptions(n_slots=-1)

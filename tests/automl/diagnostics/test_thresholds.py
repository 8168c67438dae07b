"""Every threshold says where it comes from, and fits the others."""

from __future__ import annotations

import ast
from pathlib import Path

from automl.diagnostics import thresholds


def test_every_threshold_is_documented() -> None:
    body = ast.parse(Path(thresholds.__file__).read_text()).body
    for place, statement in enumerate(body):
        if isinstance(statement, ast.AnnAssign):
            following = body[place + 1]
            assert isinstance(following, ast.Expr), ast.unparse(statement)
            assert isinstance(following.value, ast.Constant), ast.unparse(statement)
            assert len(str(following.value.value)) > 30, ast.unparse(statement)


def test_stricter_thresholds_lie_beyond_milder_ones() -> None:
    assert thresholds.HOPELESS_RATIO < thresholds.VANISHING_RATIO < 1 < thresholds.EXPLODING_RATIO
    assert thresholds.SMALL_UPDATE_RATIO < thresholds.LARGE_UPDATE_RATIO
    assert 0.5 < thresholds.SHIFT_AUC < thresholds.STRONG_SHIFT_AUC < 1

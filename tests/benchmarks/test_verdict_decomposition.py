"""The truth that the decomposition is held against, on few train sets."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import verdict_decomposition
from benchmarks.verdict_decomposition import (
    draw_known,
    measure,
    print_ratios,
    summarize,
    true_parts,
)


@pytest.fixture
def few_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict_decomposition, "N_SETS", 6)
    monkeypatch.setattr(verdict_decomposition, "N_FRESH", 200)
    monkeypatch.setattr(verdict_decomposition, "MAX_EPOCHS", 6)


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_truth_has_noise_in_it_and_more_variance_at_half(few_sets: None, task: str) -> None:
    known = draw_known(task, np.random.default_rng(0), 1)

    parts = true_parts(known)

    assert parts.bias_noise > known.noise >= 0
    assert 0 < parts.variance < parts.variance_at_half


def test_noise_is_that_of_the_fresh_targets(few_sets: None) -> None:
    known = draw_known("regression", np.random.default_rng(1), 1)

    targets = known.world.dataset.folds[0].valid.targets.numpy()

    assert known.noise == pytest.approx(((targets - known.expected) ** 2).mean(), rel=0.3)


def test_ratios_become_flat_keys_and_lines(
    few_sets: None, capsys: pytest.CaptureFixture[str]
) -> None:
    ratios = measure(0, n_data_sets=1)

    summary = summarize(ratios)
    print_ratios(ratios)

    mean, least = (summary[f"decomposition.variance_ratio{end}"] for end in ("", "_least"))
    assert 0 < least <= mean
    assert "decomposition.bias_noise_ratio" in summary
    assert "bias squared + noise" in capsys.readouterr().out


def test_nothing_measured_has_no_keys() -> None:
    assert summarize({}) == {}

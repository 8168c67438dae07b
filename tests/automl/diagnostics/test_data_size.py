"""The power law is recovered with honest uncertainty."""

from __future__ import annotations

import numpy as np
import pytest

from automl.diagnostics.data_size import diagnose_data_size, fit_power_law

SIZES = [50, 100, 200, 400, 800, 1600]


def losses(
    floor: float, scale: float, exponent: float, noise: float = 0.0, seed: int = 0
) -> list[float]:
    generator = np.random.default_rng(seed)
    return [floor + scale * n**-exponent + noise * float(generator.normal()) for n in SIZES]


def test_an_exact_power_law_is_recovered() -> None:
    law = fit_power_law(SIZES, losses(0.1, 3.0, 0.5), [1e-3] * 6)

    assert law.floor == pytest.approx(0.1, abs=0.01)
    assert law.exponent == pytest.approx(0.5, abs=0.05)
    assert law.loss(3200) == pytest.approx(0.1 + 3.0 * 3200**-0.5, rel=0.02)


def test_the_interval_of_the_gain_covers_the_truth() -> None:
    truth = 3.0 * (1600**-0.5 - 3200**-0.5)
    hits = 0
    for seed in range(40):
        law = fit_power_law(SIZES, losses(0.1, 3.0, 0.5, 0.005, seed), [0.005] * 6)
        _, (low, high) = law.gain(1600, 3200)
        hits += low <= truth <= high

    assert hits >= 34  # 95 % of 40 is 38; 34 is three standard errors below


def test_a_flat_curve_gains_nothing() -> None:
    law = fit_power_law(SIZES, [0.3] * 6, [0.01] * 6)

    gain, (_, high) = law.gain(1600, 3200)
    assert gain == pytest.approx(0, abs=1e-3)
    assert high < 0.02


def test_rows_that_help_are_advised() -> None:
    law = fit_power_law(SIZES, losses(0.05, 5.0, 0.5), [1e-3] * 6)

    diagnosis = diagnose_data_size(law, 1600, 1.0, {})

    assert diagnosis.message.startswith("More rows would help: with twice the train rows (3,200)")
    assert diagnosis.advice


def test_rows_that_hardly_help_are_not() -> None:
    law = fit_power_law(SIZES, losses(0.3, 2.0, 1.0), [1e-3] * 6)

    diagnosis = diagnose_data_size(law, 1600, 1.0, {})

    assert diagnosis.message.startswith("More rows would help little")
    assert diagnosis.advice == ()


def test_noise_makes_the_answer_uncertain() -> None:
    law = fit_power_law(SIZES, losses(0.1, 3.0, 0.5), [0.2] * 6)

    assert "not certain" in diagnose_data_size(law, 1600, 1.0, {}).message


def test_fewer_than_four_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="4 or more"):
        fit_power_law([10, 20, 30], [1.0, 0.9, 0.8], [0.1] * 3)


def test_neither_floor_nor_scale_is_negative() -> None:
    rising = fit_power_law(SIZES, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [0.01] * 6)

    assert rising.floor >= 0
    assert rising.scale >= 0

"""The decomposition recovers bias and variance that are known."""

from __future__ import annotations

import numpy as np
import pytest

from automl.diagnostics.decomposition import (
    Decomposition,
    advise_decomposition,
    decompose_squared,
    decompose_zero_one,
    diagnose_decomposition,
    main_classes,
    variance_of_halves,
)


def polynomial_predictions(
    degree: int, n_trainings: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least squares on independent train sets of x sin(2 pi x): predictions, targets, truth."""
    generator = np.random.default_rng(seed)
    x = generator.uniform(size=400)
    truth = x * np.sin(2 * np.pi * x)
    predictions = []
    for _ in range(n_trainings):
        inputs = generator.uniform(size=40)
        noisy = inputs * np.sin(2 * np.pi * inputs) + 0.2 * generator.normal(size=40)
        predictions.append(np.polyval(np.polyfit(inputs, noisy, degree), x))
    return np.array(predictions), truth + 0.2 * generator.normal(size=400), truth


@pytest.mark.parametrize("degree", [1, 5])
def test_squared_bias_and_variance_are_right_to_ten_percent(degree: int) -> None:
    """Against 2,000 further trainings, with the noise known."""
    predictions, _, truth = polynomial_predictions(degree, 200)
    many, _, _ = polynomial_predictions(degree, 2000)
    bias = float(((many.mean(0) - truth) ** 2).mean())
    variance = float(many.var(0, ddof=1).mean())

    parts = decompose_squared(predictions, truth)

    assert parts.variance == pytest.approx(variance, rel=0.1)
    if degree == 1:
        assert parts.bias_and_noise == pytest.approx(bias, rel=0.1)


def test_known_noise_is_taken_out() -> None:
    predictions, targets, truth = polynomial_predictions(1, 100)
    noise = float(((targets - truth) ** 2).mean())

    with_noise, without = (decompose_squared(predictions, targets, noise=n) for n in (0, noise))

    assert with_noise.bias_and_noise - without.bias_and_noise == pytest.approx(noise)


def test_squared_parts_add_up_to_the_loss() -> None:
    predictions, targets, _ = polynomial_predictions(5, 20)

    parts = decompose_squared(predictions, targets)

    assert parts.bias_and_noise + parts.variance == pytest.approx(parts.loss)


def test_few_trainings_do_not_inflate_the_bias() -> None:
    """The mean of five trainings strays by a fifth of the variance, which is taken out."""
    generator = np.random.default_rng(0)
    predictions = generator.normal(size=(5, 20000))

    assert decompose_squared(predictions, np.zeros(20000)).bias_and_noise == pytest.approx(
        0, abs=0.02
    )


def test_zero_one_parts_by_hand() -> None:
    """Row 0: right by 3 of 4. Row 1: wrong by 3 of 4, where straying helps."""
    predictions = np.array([[0, 1], [0, 1], [0, 1], [1, 0]])

    parts = decompose_zero_one(predictions, np.array([0, 0]))

    assert parts.bias_and_noise == 0.5
    assert parts.variance == 0.25
    assert parts.loss == 0.5
    assert parts.net_variance == 0


def test_the_most_frequent_class_is_the_main_prediction() -> None:
    predictions = np.array([[2, 0], [2, 1], [0, 1]])

    assert main_classes(predictions).tolist() == [2, 1]


def test_variance_of_halves_is_that_of_one_training() -> None:
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(2, 30, 3000))

    variance, (low, high) = variance_of_halves(first, second)

    assert variance == pytest.approx(1, rel=0.03)
    assert low < variance < high


def test_interval_covers_the_variance() -> None:
    generator = np.random.default_rng(1)

    parts = decompose_squared(generator.normal(size=(40, 500)), np.zeros(500))

    low, high = parts.variance_interval
    assert low < 1 < high


def test_one_training_has_no_variance() -> None:
    with pytest.raises(ValueError, match="at least two"):
        decompose_squared(np.zeros((1, 3)), np.zeros(3))


def test_shapes_must_fit() -> None:
    with pytest.raises(ValueError, match=r"\(M, N\)"):
        decompose_zero_one(np.zeros((2, 3)), np.zeros(4))


def test_bias_and_noise_are_one_number_in_the_message() -> None:
    predictions, targets, _ = polynomial_predictions(5, 20)
    parts = decompose_squared(predictions, targets)

    diagnosis = diagnose_decomposition(parts, (0.3, (0.2, 0.4)), trial_number=7, task="regression")

    assert "bias and noise together" in diagnosis.message
    assert "at half the rows, variance is 0.3 (0.2 to 0.4)" in diagnosis.message
    assert diagnosis.evidence["variance_at_half"] == 0.3


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_the_parts_are_said_to_be_a_sum_not_shares(task: str) -> None:
    """Of an error rate of 16 %, "13 % is bias" would read as a share of it."""
    parts = Decomposition(0.16, 0.13, 0.05, 0.03, (0.04, 0.06), 20, 100)

    message = diagnose_decomposition(parts, None, trial_number=7, task=task).message

    rate = task == "binary"
    assert ("16 %, is the sum of 13 %" if rate else "0.16, is the sum of 0.13") in message
    assert ("most of them say on 5.0 % of the rows" in message) == rate
    assert "drawn with replacement" in message


def test_capacity_is_not_advised_where_no_bias_was_found() -> None:
    (advice,) = advise_decomposition(
        {"net_variance": 0.01, "bias_and_noise": 0.09}, is_biased=False
    )

    assert "no bias was found: what is left is noise, or bias that no model" in advice.text
    assert "a larger network is not likely to" in advice.text


def test_a_biased_network_is_sent_to_the_advice_on_its_fit() -> None:
    (advice,) = advise_decomposition(
        {"net_variance": 0.01, "bias_and_noise": 0.09}, is_biased=True
    )

    assert advice.text.endswith("begin with the advice on the network's fit.")


@pytest.mark.parametrize("is_biased", [True, False])
def test_larger_variance_asks_for_restraint_whatever_the_bias(is_biased: bool) -> None:
    (advice,) = advise_decomposition(
        {"net_variance": 0.2, "bias_and_noise": 0.1}, is_biased=is_biased
    )

    assert advice.text.startswith("Variance is the larger part")


def test_weights_of_whole_numbers_are_rows_so_often() -> None:
    generator = np.random.default_rng(5)
    values, targets = generator.normal(size=(4, 40)), generator.normal(size=40)
    weights = generator.integers(1, 5, 40)
    scaled = weights / weights.mean()
    for decompose, of in (
        (decompose_squared, lambda rows: rows),
        (decompose_zero_one, lambda rows: (rows > 0).astype(int)),
    ):
        found = decompose(of(values), of(targets), weights=scaled)
        often = decompose(of(values).repeat(weights, axis=1), of(targets).repeat(weights))
        for name in ("loss", "bias_and_noise", "variance", "net_variance"):
            assert getattr(found, name) == pytest.approx(getattr(often, name))
    halves = variance_of_halves(values[:2], values[2:], scaled)[0]
    often_halves = variance_of_halves(
        values[:2].repeat(weights, axis=1), values[2:].repeat(weights, axis=1)
    )[0]
    assert halves == pytest.approx(often_halves)

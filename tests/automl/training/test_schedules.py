from __future__ import annotations

import math
import warnings

import pytest
import torch

from automl.training.config import TrainingConfig
from automl.training.schedules import (
    FACTORS,
    learning_rates,
    optimizer_at,
    regularization_factor,
    regularization_factors,
    switch_epoch,
)
from search_spaces.hyperparameters import hyperparameter

SCHEDULES = hyperparameter("schedule").words


def rates(n_epochs: int = 10, steps_per_epoch: int = 4, **values: object) -> list[float]:
    training = TrainingConfig(learning_rate=0.1, max_epochs=n_epochs, **values)
    return learning_rates(training, steps_per_epoch, 0, n_epochs * steps_per_epoch).tolist()


def test_every_schedule_has_its_factor() -> None:
    assert tuple(FACTORS) == SCHEDULES


def test_constant_stays() -> None:
    assert set(rates()) == {0.1}


def test_exponential_falls_tenfold_in_decay_fraction_of_the_epochs() -> None:
    found = rates(schedule="exponential", decay_fraction=0.5)
    expected = [0.1 * 10 ** (-(step / 4) / (0.5 * 10)) for step in range(40)]
    assert found == pytest.approx(expected)


def test_step_divides_by_ten_after_each_span() -> None:
    found = rates(schedule="step", decay_fraction=0.3)
    assert found == pytest.approx([0.1] * 12 + [0.01] * 12 + [0.001] * 12 + [0.0001] * 4)


def test_cosine_is_torchs() -> None:
    assert rates(schedule="cosine") == pytest.approx(
        [0.1 * (1 + math.cos(math.pi * step / 40)) / 2 for step in range(40)]
    )


def test_coslog_has_four_cycles_that_end_where_time_has_grown_to_a_power_of_two() -> None:
    found = rates(schedule="coslog", n_epochs=15, steps_per_epoch=200)
    valleys = [200 * (2**cycle - 1) for cycle in range(4)]  # t = (2^cycle - 1) / 15
    peaks = [round(200 * (2 ** (cycle + 0.5) - 1)) for cycle in range(4)]
    assert [found[step] for step in valleys] == pytest.approx([0.0] * 4, abs=1e-12)
    assert [found[step] for step in peaks] == pytest.approx([0.1] * 4, rel=1e-3)
    lowest = [step for step in range(1, 2999) if found[step - 1] >= found[step] <= found[step + 1]]
    assert lowest == valleys[1:]


def test_flat_cosine_is_flat_until_half_and_then_a_cosine() -> None:
    found = rates(schedule="flat_cosine")
    assert found[:21] == pytest.approx([0.1] * 21)
    assert found[20:] == pytest.approx(rates(schedule="cosine", n_epochs=5))


def test_one_cycle_has_torchs_shape() -> None:
    """Torch spreads the cycle over n - 1 intervals, so its curve is read 1/41 further on."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torchs = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=0.1, total_steps=4001, cycle_momentum=False
        )
        expected = []
        for _ in range(4000):
            expected.append(torchs.get_last_lr()[0])
            torchs.step()
    found = rates(schedule="one_cycle", n_epochs=1000)
    assert found == pytest.approx(expected, abs=1e-4)
    assert found[0] == pytest.approx(0.1 / 25)
    assert max(found) == pytest.approx(0.1)


def test_warmup_rises_linearly_to_the_schedule() -> None:
    found = rates(warmup_fraction=0.25)
    assert found[:10] == pytest.approx([0.01 * step for step in range(1, 11)])
    assert found[10:] == pytest.approx([0.1] * 30)


def test_warmup_multiplies_the_schedule() -> None:
    plain, warm = rates(schedule="cosine"), rates(schedule="cosine", warmup_fraction=0.1)
    assert warm[0] == pytest.approx(plain[0] / 4)
    assert warm[4:] == plain[4:]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_time_is_counted_in_epochs_whatever_the_batch_size(schedule: str) -> None:
    coarse = rates(schedule=schedule, steps_per_epoch=1)
    fine = rates(schedule=schedule, steps_per_epoch=10)
    assert fine[::10] == pytest.approx(coarse)


def test_beyond_the_budget_a_schedule_stays_at_its_end() -> None:
    training = TrainingConfig(schedule="cosine", max_epochs=2)
    assert learning_rates(training, 3, 6, 9).max() < 1e-12


def test_switch_to_sgd_changes_the_optimizer_and_not_the_rate() -> None:
    training = TrainingConfig(
        optimizer="adam", schedule="switch_to_sgd", switch_fraction=0.7, max_epochs=10
    )
    assert switch_epoch(training) == 7
    assert [optimizer_at(training, epoch) for epoch in (1, 7, 8, 10)] == [
        "adam", "adam", "momentum", "momentum",
    ]  # fmt: skip
    assert set(rates(schedule="switch_to_sgd")) == {0.1}
    assert optimizer_at(TrainingConfig(optimizer="sgd"), 9) == "sgd"
    assert switch_epoch(TrainingConfig()) is None


def test_regularization_is_whole_for_half_of_the_epochs_and_then_falls_epoch_by_epoch() -> None:
    training = TrainingConfig(regularization_schedule="flat_cosine", max_epochs=8)
    of_epochs = [regularization_factor(training, epoch) for epoch in range(1, 12)]
    falling = [(1 + math.cos(math.pi * t / 4)) / 2 for t in range(4)]
    assert of_epochs == pytest.approx([1.0] * 4 + falling + [0.0] * 3)
    assert {regularization_factor(TrainingConfig(), epoch) for epoch in (1, 40, 80)} == {1.0}


@pytest.mark.parametrize(("first_step", "n_steps"), [(0, 24), (5, 11), (12, 3), (7, 1)])
def test_updates_have_the_regularization_of_their_epochs(first_step: int, n_steps: int) -> None:
    training = TrainingConfig(regularization_schedule="flat_cosine", max_epochs=8)
    found = regularization_factors(training, 3, first_step, n_steps).tolist()
    steps = range(first_step, first_step + n_steps)
    assert found == [regularization_factor(training, step // 3 + 1) for step in steps]

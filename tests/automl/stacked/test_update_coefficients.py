"""The one formula against torch.optim, by its numbers alone."""

from __future__ import annotations

import itertools

import pytest
import torch

from automl.stacked.update_coefficients import (
    RunCoefficients,
    coefficients_of,
    moment_scales,
    smallest_square,
)
from automl.training.config import TrainingConfig
from automl.training.schedules import learning_rates
from search_spaces.hyperparameters import hyperparameter

OPTIMIZERS = hyperparameter("optimizer").words

CLASSES = {
    "sgd": (torch.optim.SGD, {}),
    "momentum": (torch.optim.SGD, {"momentum": 0.8}),
    "nesterov": (torch.optim.SGD, {"momentum": 0.8, "nesterov": True}),
    "adagrad": (torch.optim.Adagrad, {}),
    "rmsprop": (torch.optim.RMSprop, {}),
    "adam": (torch.optim.Adam, {"betas": (0.9, 0.95)}),
    "adamw": (torch.optim.AdamW, {"betas": (0.9, 0.95)}),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_formula_takes_the_steps_of_torch(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    gradients = torch.randn(6, 4, generator=generator, dtype=torch.float64)
    rates = torch.tensor([0.1, 0.2, 0.1, 0.05, 0.0, 0.1], dtype=torch.float64)
    parameter = torch.nn.Parameter(torch.ones(4, dtype=torch.float64))
    kind, options = CLASSES[name]
    optimizer = kind([parameter], lr=0.1, weight_decay=0.01, **options)
    training = TrainingConfig(optimizer=name, momentum=0.8, adam_beta2=0.95, weight_decay=0.01)

    w, m = torch.ones(4, dtype=torch.float64), torch.zeros(4, dtype=torch.float64)
    has_second = name in ("adagrad", "rmsprop", "adam", "adamw")
    s = torch.zeros_like(m) if has_second else torch.ones_like(m)
    for step, g in enumerate(gradients):
        optimizer.param_groups[0]["lr"] = float(rates[step])
        parameter.grad = g.clone()
        optimizer.step()
        first, second, ahead, offset, inverse, decay, coupled = coefficients_of(
            name, training, rates[step : step + 1].numpy(), step
        )[0]
        g = g + coupled * w
        m, s = m + first * (g - m), s + second * (g * g - s)
        change = g + ahead * (m - g)
        w = w * decay - change / ((s.sqrt() + offset) * inverse)
        torch.testing.assert_close(w, parameter.detach(), rtol=1e-12, atol=1e-14)
    if "momentum_buffer" in optimizer.state[parameter]:
        kept = optimizer.state[parameter]["momentum_buffer"]
        torch.testing.assert_close(m * moment_scales(name, training, 6)[0], kept)
    if name == "adagrad":
        kept = optimizer.state[parameter]["sum"]
        torch.testing.assert_close(s * moment_scales(name, training, 6)[1], kept)


def test_smallest_square_is_far_below_every_offset() -> None:
    assert smallest_square(torch.float32) ** 0.5 <= 1e-5 * 1e-10
    assert smallest_square(torch.float64) ** 0.5 <= 1e-15 * 1e-10


def test_numbers_made_for_some_epochs_at_once_are_those_of_each_alone() -> None:
    for name, n_steps in itertools.product(("adam", "adagrad", "nesterov"), (1, 60, 300)):
        training = TrainingConfig(
            optimizer=name, schedule="one_cycle", warmup_fraction=0.1, max_epochs=9
        )
        several = RunCoefficients(training, n_steps, torch.float64)
        for epoch in (0, 1, 4, 5, 3, 8):
            first = epoch * n_steps
            rates = learning_rates(training, n_steps, first, n_steps)
            numbers, rate = several.of_epoch(name, first)
            expected = torch.from_numpy(coefficients_of(name, training, rates, first))
            assert torch.equal(numbers, expected) and rate == rates[-1]


def test_a_switch_of_the_optimizer_makes_other_numbers() -> None:
    training = TrainingConfig(optimizer="adam")
    several = RunCoefficients(training, 10, torch.float32)
    before, _ = several.of_epoch("adam", 0)
    after, _ = several.of_epoch("momentum", 10)
    assert before[0, 1] != 0 and (after[:, 1] == 0).all()

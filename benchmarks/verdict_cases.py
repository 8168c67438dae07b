"""Cases whose truth is known by construction: what `benchmarks/verdicts.py` judges.

Each family is a function from a random generator to a `Draw`: a small study with trials that
are sick on purpose (too small, too few rows, steps too large, a range that ends too early, a
leaked column, ...) or healthy. Sizes, noise, widths and depths are drawn from ranges.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from benchmarks.verdict_searches import narrow_ranges, nothing_to_learn, wide_ranges
from benchmarks.verdict_training import Draw, Params, Plan
from benchmarks.verdict_worlds import (
    N_FRESH,
    checked,
    curve_world,
    draw_seed,
    log_uniform,
    teacher_world,
    with_column,
)
from storage.records import ParameterValue

GOOD: Params = {
    "learning_rate": 0.01,
    "optimizer": "adam",
    "batch_size": 128,
    "n_layers": 2,
    "hidden_size": 32,
    "activation": "relu",
    "initialization": "he_fan_in",
}


def _good_params(generator: np.random.Generator) -> dict[str, ParameterValue]:
    """A sensible network, drawn from sensible ranges."""
    return {
        **GOOD,
        "learning_rate": log_uniform(generator, 0.005, 0.02),
        "hidden_size": int(generator.integers(12, 33)),
        "n_layers": int(generator.integers(1, 3)),
        "activation": str(generator.choice(["relu", "tanh", "elu", "gelu", "silu"])),
    }


def _of_good_world(
    generator: np.random.Generator, family: str, plans: Sequence[Plan], epochs: int = 50
) -> Draw:
    world = teacher_world(generator, int(generator.integers(1500, 3000)))
    seeded = tuple(replace(plan, seed=draw_seed(generator)) for plan in plans)
    return Draw(family, (world,), seeded, epochs, patience=8)


def polynomials(generator: np.random.Generator) -> Draw:
    """Degree 1, 5 and 15 on x sin(2 pi x): high bias, good fit, high variance."""
    n_train, n_valid = int(generator.integers(20, 36)), int(generator.integers(150, 300))
    n_idle, share = 0, float(generator.uniform(0.02, 0.12))
    x = generator.uniform(size=n_train + n_valid + N_FRESH)
    seed = draw_seed(generator)
    worlds = [
        curve_world(generator, degree, x, seed, (n_train, n_valid), share, n_idle)
        for degree in (1, 5, 15)
    ]
    line: Params = {
        "n_layers": 0,
        "optimizer": "adam",
        "learning_rate": 0.1,
        "batch_size": "full",
    }
    plans = (
        Plan(line, "high_bias", 0, draw_seed(generator)),
        Plan(line, "good_fit", 1, draw_seed(generator)),
        Plan(line, "high_variance", 2, draw_seed(generator)),
    )
    return Draw("polynomials", tuple(worlds), plans, max_epochs=100, patience=100)


def bias_and_variance(generator: np.random.Generator) -> Draw:
    """A line through columns of noise beside the polynomial that fits: bias and variance."""
    n_train, n_valid = int(generator.integers(40, 61)), int(generator.integers(200, 300))
    x = generator.uniform(size=n_train + n_valid + N_FRESH)
    seed, share = draw_seed(generator), float(generator.uniform(0.02, 0.08))
    n_idle = int(n_train * generator.uniform(0.35, 0.5))
    worlds = (
        curve_world(generator, 1, x, seed, (n_train, n_valid), share, n_idle),
        curve_world(generator, 5, x, seed, (n_train, n_valid), share),
    )
    line: Params = {
        "n_layers": 0,
        "optimizer": "adam",
        "learning_rate": 0.06,
        "batch_size": "full",
    }
    plans = (
        Plan(line, "high_bias_and_variance", 0, draw_seed(generator)),
        Plan(line, "good_fit", 1, draw_seed(generator)),
    )
    return Draw("bias and variance", worlds, plans, max_epochs=80, patience=80)


def small_networks(generator: np.random.Generator) -> Draw:
    """One or two units for a teacher of six to twelve; beside them a network that suffices."""
    good = _good_params(generator)
    small = {**good, "hidden_size": 1, "n_layers": int(generator.integers(1, 3))}
    plans = [Plan(small, "high_bias"), Plan(good, "good_fit")]
    return _of_good_world(generator, "small networks", plans)


def strong_restraint(generator: np.random.Generator) -> Draw:
    """Weight decay or dropout so strong that the network cannot fit."""
    good = _good_params(generator)
    held: dict[str, ParameterValue] = dict(good)
    if generator.random() < 0.5:
        held["weight_decay"] = log_uniform(generator, 0.01, 0.1)
    else:
        held |= {"dropout": float(generator.uniform(0.7, 0.9)), "hidden_size": 8}
    plans = [Plan(held, "over_regularized"), Plan(good, "good_fit")]
    return _of_good_world(generator, "strong restraint", plans)


def large_networks(generator: np.random.Generator) -> Draw:
    """A wide network on tens of rows."""
    world = teacher_world(generator, int(generator.integers(40, 120)), noise=(0.05, 0.2))
    params = {
        **_good_params(generator),
        "hidden_size": int(generator.integers(64, 257)),
        "batch_size": 16,
    }
    return Draw(
        "tiny train sets",
        (world,),
        (Plan(params, "high_variance", 0, draw_seed(generator)),),
        80,
        80,
    )


def label_noise(generator: np.random.Generator) -> Draw:
    """Much label noise and a network large enough to learn it by heart."""
    world = teacher_world(generator, int(generator.integers(150, 300)), noise=(0.3, 0.5))
    params = {
        **_good_params(generator),
        "hidden_size": int(generator.integers(128, 257)),
        "batch_size": 32,
    }
    return Draw(
        "label noise", (world,), (Plan(params, "high_variance", 0, draw_seed(generator)),), 60, 60
    )


def healthy(generator: np.random.Generator) -> Draw:
    """A sensible network alone in its study: no other trial to be held against."""
    return _of_good_world(
        generator, "sensible networks", [Plan(_good_params(generator), "good_fit")]
    )


def noisy_healthy(generator: np.random.Generator) -> Draw:
    """Half of the target is noise, and the network has enough rows not to learn it.

    Of classes, little of the loss may then be left to learn: a weak signal.
    """
    world = teacher_world(generator, int(generator.integers(3000, 5000)), noise=(0.3, 0.5))
    params = {**_good_params(generator), "hidden_size": int(generator.integers(8, 25))}
    truth = "good_fit" if world.noise_loss < 0.8 * world.baseline_loss else "weak_signal"
    plan = Plan(params, truth, 0, draw_seed(generator))
    return Draw("noise, enough rows", (world,), (plan,), 30, 8)


def deep_sigmoid(generator: np.random.Generator) -> Draw:
    """Six to ten sigmoid layers; beside them the same depth with what keeps signals alive."""
    depth = int(generator.integers(6, 11))
    sick = {
        **GOOD,
        "activation": "sigmoid",
        "initialization": str(generator.choice(["xavier", "normal", "he_fan_in"])),
        "n_layers": depth,
        "optimizer": str(generator.choice(["sgd", "momentum"])),
        "learning_rate": log_uniform(generator, 0.01, 0.1),
    }
    fine = {**_good_params(generator), "n_layers": 3, "activation": "relu", "learning_rate": 0.004}
    plans = [Plan(sick, "vanishing_gradients"), Plan(fine, "good_fit")]
    return _of_good_world(generator, "deep sigmoid nets", plans, 30)


def shallow_sigmoid(generator: np.random.Generator) -> Draw:
    """One sigmoid layer trains well."""
    params = {
        **_good_params(generator),
        "activation": "sigmoid",
        "initialization": "xavier",
        "n_layers": 1,
        "hidden_size": 32,
        "learning_rate": log_uniform(generator, 0.02, 0.05),
    }
    return _of_good_world(generator, "shallow sigmoid nets", [Plan(params, "good_fit")], 80)


def dead_relus(generator: np.random.Generator) -> Draw:
    """Deep and two units wide: born dead (Lu et al. 2019, Dying ReLU and initialization)."""
    sick = {
        **GOOD,
        "n_layers": int(generator.integers(12, 21)),
        "hidden_size": 2,
        "learning_rate": log_uniform(generator, 0.001, 0.01),
    }
    return _of_good_world(generator, "dead ReLUs", [Plan(sick, "dead_units")], 20)


def zero_initialization(generator: np.random.Generator) -> Draw:
    """All weights begin at zero."""
    sick = {**_good_params(generator), "initialization": "zeros"}
    fine = _good_params(generator)
    plans = [Plan(sick, "symmetric_initialization"), Plan(fine, "good_fit")]
    return _of_good_world(generator, "zero initialization", plans, 50)


def large_steps(generator: np.random.Generator) -> Draw:
    """A learning rate far too high for the optimizer."""
    good = _good_params(generator)
    optimizer = str(generator.choice(["sgd", "momentum", "adam"]))
    low, high = {"sgd": (20.0, 200.0), "momentum": (5.0, 50.0), "adam": (1.0, 10.0)}[optimizer]
    sick = {**good, "optimizer": optimizer, "learning_rate": log_uniform(generator, low, high)}
    return _of_good_world(generator, "steps too large", [Plan(sick, "steps_too_large")], 30)


def thrown_networks(generator: np.random.Generator) -> Draw:
    """A learning rate that many searches include, and networks whose gradients it puts out."""
    sick = {
        **GOOD,
        "optimizer": str(generator.choice(["adam", "adamw"])),
        "learning_rate": log_uniform(generator, 0.03, 0.12),
        "batch_size": 16,
        "n_layers": int(generator.integers(4, 6)),
        "hidden_size": int(generator.integers(64, 129)),
        "activation": str(generator.choice(["silu", "gelu"])),
    }
    world = teacher_world(generator, int(generator.integers(2000, 4000)))
    plan = Plan(sick, "steps_too_large", 0, draw_seed(generator))
    return Draw("thrown networks", (world,), (plan,), 4, 4)


def small_steps(generator: np.random.Generator) -> Draw:
    """A learning rate far too low for the epochs there are."""
    good = _good_params(generator)
    optimizer = str(generator.choice(["sgd", "momentum", "adam"]))
    low, high = {"sgd": (1e-4, 1e-3), "momentum": (1e-5, 1e-4), "adam": (3e-6, 6e-5)}[optimizer]
    sick = {**good, "optimizer": optimizer, "learning_rate": log_uniform(generator, low, high)}
    return _of_good_world(generator, "steps too small", [Plan(sick, "steps_too_small")], 30)


def leaked_column(generator: np.random.Generator) -> Draw:
    """A column that is the target with a little noise."""
    world = teacher_world(generator, int(generator.integers(800, 1600)))
    noise = torch.Generator().manual_seed(draw_seed(generator))
    spread = float(generator.uniform(0.02, 0.15))

    def leak(targets: torch.Tensor) -> torch.Tensor:
        return targets + spread * torch.randn(targets.shape, generator=noise)

    leaked = with_column(world, leak)
    plan = Plan(_good_params(generator), seed=draw_seed(generator))
    checks = checked(leaked)
    return Draw(
        "leaked columns", (leaked,), (plan,), 20, 8, data_checks=checks, study_truth="leakage"
    )


def shifted_split(generator: np.random.Generator) -> Draw:
    """Validation rows from elsewhere."""
    n_train, moved = int(generator.integers(800, 1600)), float(generator.uniform(1.0, 2.0))
    world = teacher_world(generator, n_train, shift=moved)
    plan = Plan(_good_params(generator), seed=draw_seed(generator))
    checks = checked(world)
    return Draw(
        "shifted splits", (world,), (plan,), 20, 8, data_checks=checks, study_truth="shift"
    )


def sound_data(generator: np.random.Generator) -> Draw:
    """The same checks on data without a leak and without a shift."""
    draw = healthy(generator)
    return replace(
        draw,
        family="sound data",
        plans=tuple(replace(plan, truth=None) for plan in draw.plans),
        data_checks=checked(draw.worlds[0]),
        study_truth="good_fit",
    )


FAMILIES: Mapping[str, Callable[[np.random.Generator], Draw]] = {
    "polynomials": polynomials,
    "bias and variance": bias_and_variance,
    "small networks": small_networks,
    "strong restraint": strong_restraint,
    "tiny train sets": large_networks,
    "label noise": label_noise,
    "sensible networks": healthy,
    "noise, enough rows": noisy_healthy,
    "deep sigmoid nets": deep_sigmoid,
    "shallow sigmoid nets": shallow_sigmoid,
    "dead ReLUs": dead_relus,
    "zero initialization": zero_initialization,
    "steps too large": large_steps,
    "thrown networks": thrown_networks,
    "steps too small": small_steps,
    "ranges too narrow": narrow_ranges,
    "ranges wide enough": wide_ranges,
    "nothing to learn": nothing_to_learn,
    "leaked columns": leaked_column,
    "shifted splits": shifted_split,
    "sound data": sound_data,
}

"""What one run is: the network, how it is trained, on which rows, with which seed.

`configure` turns an Optuna trial's params into these. Field names are the search space's
names. A `RunConfig` travels to worker processes and into checkpoints, so it holds plain
values only.
"""

from __future__ import annotations

from dataclasses import dataclass

from automl.models.mlp import MLPConfig


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How a network is trained."""

    learning_rate: float = 1e-3
    batch_size: int | None = 32  # None: all train rows ("full" in the search space)
    optimizer: str = "adam"  # sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw
    momentum: float = 0.9  # of momentum, nesterov, and of SGD after switch_to_sgd
    schedule: str = "constant"  # exponential, step, cosine, one_cycle, switch_to_sgd
    decay_fraction: float = 0.5  # exponential, step: share of max_epochs for a tenfold decay
    switch_fraction: float = 0.7  # switch_to_sgd: share of max_epochs before the switch
    warmup_fraction: float = 0.0  # share of max_epochs of linear warm-up
    weight_decay: float = 0.0  # L2; decoupled for adamw
    l1: float = 0.0
    max_norm: float | None = None  # of each unit's incoming weights; None: no limit
    gradient_clip_norm: float | None = None
    label_smoothing: float = 0.0
    max_epochs: int = 50
    patience: int = 10  # epochs without a better validation loss before early stopping


@dataclass(frozen=True, slots=True)
class RowSubset:
    """Which of a fold's train rows a run trains on.

    The rows are shuffled by `seed` and cut into blocks of `fraction` of them; the run gets
    block `part`. With `replace` they are drawn with replacement instead (a bootstrap).
    """

    fraction: float = 1.0
    part: int = 0
    seed: int = 0
    replace: bool = False


@dataclass(frozen=True, slots=True)
class RunConfig:
    """One training: everything a trainer needs beside the data."""

    run_id: int
    trial_number: int
    model: MLPConfig
    training: TrainingConfig
    seed: int  # every random number of the run is a function of it
    fold: int = 0
    rows: RowSubset | None = None  # None: all train rows

"""What one run is: the network, how it is trained, on which rows, with which seed.

`configure` turns an Optuna trial's params into these: those of training have the registry's
names, defaults and possible values, the others are the family's. A `RunConfig` travels to
worker processes and into checkpoints, so it holds plain values only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from automl.errors import ConfigError
from automl.models.family import find_family
from automl.models.parameter_roles import RATE_ROLES, RateRole
from search_spaces.errors import SearchSpaceError
from search_spaces.hyperparameter import TRAINING
from search_spaces.hyperparameters import defaults, hyperparameter
from storage.records import ParameterValue

_DEFAULTS: Final = defaults(TRAINING)


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How a network is trained."""

    learning_rate: float = _DEFAULTS["learning_rate"]
    batch_size: int | None = _DEFAULTS["batch_size"]  # None: all train rows
    optimizer: str = _DEFAULTS["optimizer"]
    momentum: float = _DEFAULTS["momentum"]  # of momentum, nesterov, and after switch_to_sgd
    adam_beta2: float = _DEFAULTS["adam_beta2"]  # of adam and adamw
    schedule: str = _DEFAULTS["schedule"]
    decay_fraction: float = _DEFAULTS["decay_fraction"]  # of exponential and step
    switch_fraction: float = _DEFAULTS["switch_fraction"]  # of switch_to_sgd
    warmup_fraction: float = _DEFAULTS["warmup_fraction"]
    bias_rate_factor: float = _DEFAULTS["bias_rate_factor"]
    first_layer_rate_factor: float = _DEFAULTS["first_layer_rate_factor"]
    embedding_rate_factor: float = _DEFAULTS["embedding_rate_factor"]
    encoding_rate_factor: float = _DEFAULTS["encoding_rate_factor"]
    input_scaling_rate_factor: float = _DEFAULTS["input_scaling_rate_factor"]
    mixing_rate_factor: float = _DEFAULTS["mixing_rate_factor"]
    weight_decay: float = _DEFAULTS["weight_decay"]  # L2; decoupled for adamw
    l1: float = _DEFAULTS["l1"]
    regularization_schedule: str = _DEFAULTS["regularization_schedule"]
    max_norm: float | None = _DEFAULTS["max_norm"]  # None: no limit
    gradient_clip_norm: float | None = _DEFAULTS["gradient_clip_norm"]
    weight_averaging: float | None = _DEFAULTS["weight_averaging"]  # epochs; None: no averages
    label_smoothing: float = _DEFAULTS["label_smoothing"]
    prediction_range: str = _DEFAULTS["prediction_range"]  # of regression, see prediction_range.py
    target_transform: str = _DEFAULTS["target_transform"]  # of regression, see target_transform.py
    epoch_steps: int | None = None  # most updates of an epoch, see `batches.Epochs`; None: a pass
    max_epochs: int = 50
    patience: int = 15  # epochs without a better validation loss before early stopping

    @property
    def rate_factors(self) -> Mapping[RateRole, float]:
        """What the learning rate is multiplied by for the parameters of each role."""
        return {role: getattr(self, f"{role}_rate_factor") for role in RATE_ROLES}


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
class NetworkLimits:
    """What a network may be at most.

    Attributes:
        max_parameters: trainable numbers; None: any.
        max_latency: seconds of one call, see `latency.py`; None: any.
        latency_rows: rows in that call.
    """

    max_parameters: int | None = None
    max_latency: float | None = None
    latency_rows: int = 1


@dataclass(frozen=True, slots=True)
class RunConfig:
    """One training: everything a trainer needs beside the data."""

    run_id: int
    trial_number: int
    family: str  # a name that `find_family` knows
    model: Any  # the family's configuration: a frozen dataclass of plain values
    training: TrainingConfig
    seed: int  # every random number of the run is a function of it
    fold: int = 0
    rows: RowSubset | None = None  # None: all train rows
    limits: NetworkLimits | None = None  # what its network is held against before it trains


def configure(
    params: Mapping[str, ParameterValue],
    *,
    family: str,
    max_epochs: int,
    patience: int,
    epoch_steps: int | None = None,
) -> tuple[Any, TrainingConfig]:
    """Turn a trial's params into configurations; what is not named keeps its default.

    Args:
        family: the name of the network's, see `automl/models/family.py`.
        epoch_steps: the most updates of an epoch; None: it is a whole pass.

    Raises:
        ConfigError: if a name is unknown or a value is not possible.

    Examples:
        >>> model, training = configure(
        ...     {"n_layers": 3, "batch_size": "full"}, family="mlp", max_epochs=20, patience=5
        ... )
        >>> model.n_layers, training.batch_size, training.max_epochs
        (3, None, 20)
    """
    of_model = {name: value for name, value in params.items() if name not in _DEFAULTS}
    try:
        of_training: dict[str, Any] = {
            name: hyperparameter(name).setting(value)
            for name, value in params.items()
            if name in _DEFAULTS
        }
    except SearchSpaceError as error:
        raise ConfigError(str(error)) from None
    training = TrainingConfig(
        **of_training, epoch_steps=epoch_steps, max_epochs=max_epochs, patience=patience
    )
    return find_family(family).configure(of_model), training

"""The hyperparameters of how a network is trained, whatever its family."""

from __future__ import annotations

from typing import Final

from search_spaces.hyperparameter import CLASSIFICATION, Hyperparameter
from search_spaces.intervals import ABOVE_0, COUNT, FRACTION, FRACTION_BELOW_1, Numbers


def _rate_factor(
    role: str, whose: str, useful: tuple[float, float] = (0.01, 100.0)
) -> Hyperparameter:
    """What the learning rate is multiplied by for the parameters of a role."""
    return Hyperparameter(
        f"{role}_rate_factor",
        f"learning rate of {whose}, over that of the others",
        numbers=ABOVE_0,
        log=True,
        default=1.0,
        useful=useful,
        role="step size",
    )


HYPERPARAMETERS_OF_TRAINING: Final = (
    Hyperparameter(
        "learning_rate",
        "step size of an update",
        numbers=ABOVE_0,
        log=True,
        default=1e-3,  # Adam's own: Kingma & Ba 2015, algorithm 1
        # For inputs of spread 1 typically below 1: Bengio 2012, Practical recommendations for
        # gradient-based training of deep architectures, section 3.1.1.
        useful=(1e-7, 1.0),
        role="step size",
    ),
    Hyperparameter(
        "batch_size",
        "rows per update; full: all train rows",
        ("full",),
        COUNT,
        log=True,
        default=32,  # Bengio 2012, section 3.1.1
        useful=(1, 8192),  # Goyal et al. 2017: beyond, accuracy falls however rates are set
        role="batch size",
    ),
    Hyperparameter(
        "optimizer",
        "rule that turns gradients into updates",
        ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"),
        default="adam",
        role="optimizer",
    ),
    Hyperparameter(
        "momentum",
        "share of the last update that is kept; without any it is sgd",
        numbers=Numbers(0, 1, low_is_open=True, high_is_open=True),
        default=0.9,
        useful=(0.1, 0.999),
        role="momentum",
    ),
    Hyperparameter(
        "adam_beta2",
        "share of the mean of squared gradients that an update keeps, of adam and adamw",
        numbers=Numbers(0.9, 0.9999),
        default=0.999,  # Adam's own: Kingma & Ba 2015, algorithm 1
        useful=(0.95, 0.999),  # 0.95: RealMLP, Holzmüller et al. 2024, table A.1
        role="optimizer",
    ),
    Hyperparameter(
        "schedule",
        "course of the learning rate over the epochs",
        (
            *("constant", "exponential", "step", "cosine", "one_cycle", "switch_to_sgd"),
            *("coslog", "flat_cosine"),
        ),
        default="constant",
        role="schedule",
    ),
    Hyperparameter(
        "decay_fraction",
        "share of max_epochs for a tenfold decay",
        numbers=ABOVE_0,
        default=0.5,
        useful=(0.05, 10.0),
        role="schedule",
    ),
    Hyperparameter(
        "switch_fraction",
        "share of max_epochs before the switch to SGD",
        numbers=FRACTION,
        default=0.7,
        useful=(0.05, 1.0),
        role="schedule",
    ),
    Hyperparameter(
        "warmup_fraction",
        "share of max_epochs of linear warm-up",
        numbers=FRACTION_BELOW_1,
        default=0.0,
        useful=(0.0, 0.5),
        role="schedule",
    ),
    # 0.1: RealMLP, Holzmüller et al. 2024, table A.1
    _rate_factor("bias", "linear maps' biases", (0.01, 10.0)),
    _rate_factor("first_layer", "the first linear map's weights", (0.03, 30.0)),
    _rate_factor("embedding", "embedded categories"),
    _rate_factor("encoding", "the numeric encoding"),
    _rate_factor("input_scaling", "learned factors of the inputs"),
    _rate_factor("mixing", "learned shares of the activation"),
    Hyperparameter(
        "weight_decay",
        "L2 penalty of the weights",
        numbers=Numbers(0),
        log=True,
        default=0.0,
        useful=(1e-6, 10.0),  # 1e-6 already does nothing
        role="regularization",
    ),
    Hyperparameter(
        "l1",
        "L1 penalty of the weights",
        numbers=Numbers(0),
        log=True,
        default=0.0,
        useful=(1e-7, 1.0),
        role="regularization",
    ),
    Hyperparameter(
        "regularization_schedule",
        "course of weight decay and dropout over the epochs",
        ("constant", "flat_cosine"),
        default="constant",
        role="regularization",
    ),
    Hyperparameter(
        "max_norm",
        "limit of each unit's incoming weights",
        ("none",),
        ABOVE_0,
        log=True,
        default="none",
        useful=(0.1, 100.0),  # published limits are 3 to 4: Srivastava et al. 2014
        role="regularization",
    ),
    Hyperparameter(
        "gradient_clip_norm",
        "limit of the whole gradient",
        ("none",),
        ABOVE_0,
        log=True,
        default="none",
        useful=(1e-3, 1e3),
        role="gradient clipping",
    ),
    Hyperparameter(
        "weight_averaging",
        "epochs over which the weights that are measured and kept are averaged",
        ("none",),
        ABOVE_0,
        log=True,
        default="none",
        useful=(0.5, 20.0),
        role="regularization",
    ),
    Hyperparameter(
        "label_smoothing",
        "share of the target spread over all classes",
        numbers=FRACTION_BELOW_1,
        default=0.0,
        useful=(0.0, 0.5),
        role="regularization",
        tasks=CLASSIFICATION,
    ),
    Hyperparameter(
        "prediction_range",
        "train_range: predictions are held between the least and the largest train target",
        ("free", "train_range"),
        default="free",
        role="regularization",
        tasks=("regression",),
    ),
    Hyperparameter(
        "target_transform",
        "curve that targets go through before they are learned, and predictions back",
        ("none", "log", "quantile"),
        default="none",
        role="target",
        tasks=("regression",),
    ),
)

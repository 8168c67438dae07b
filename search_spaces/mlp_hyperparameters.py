"""The hyperparameters of the multilayer perceptron on tables."""

from __future__ import annotations

from typing import Final

from search_spaces.hyperparameter import Hyperparameter
from search_spaces.intervals import ABOVE_0, COUNT, FRACTION_BELOW_1, Numbers

MOST_BINS: Final = 960
"""Bins of a numeric column at most: quantiles of each are known in so many steps, which 8, 12,
16, 24, 32, 48, 64 and 96 divide."""

HYPERPARAMETERS_OF_MLP: Final = (
    Hyperparameter(
        "n_layers",
        "hidden layers",
        numbers=Numbers(0, whole=True),  # without any it is a linear model
        default=2,
        useful=(1, 20),
        role="depth",
        family="mlp",
    ),
    Hyperparameter(
        "hidden_size",
        "units of the first hidden layer",
        numbers=COUNT,
        log=True,
        default=64,
        useful=(1, 4096),
        role="width",
        family="mlp",
    ),
    Hyperparameter(
        "shape",
        "funnel: each layer has half the units of the last",
        ("constant", "funnel"),
        default="constant",
        role="shape",
        family="mlp",
    ),
    Hyperparameter(
        "residual",
        "every_layer: a hidden layer adds its inputs to its outputs, where the widths agree",
        ("none", "every_layer"),
        default="none",
        role="shape",
        family="mlp",
    ),
    Hyperparameter(
        "n_members",
        "predictions of a row that share all weights but their own scales of the inputs and heads",
        numbers=COUNT,
        default=1,
        useful=(1, 32),  # TabM's: Gorishniy et al. 2024, arXiv 2410.24210
        role="shape",
        family="mlp",
    ),
    Hyperparameter(
        "activation",
        "function after each hidden layer",
        (
            *("sigmoid", "tanh", "relu", "leaky_relu", "prelu", "elu", "gelu", "silu"),
            *("mish", "selu", "maxout"),
        ),
        default="relu",
        role="activation",
        family="mlp",
    ),
    Hyperparameter(
        "activation_mixing",
        "learned: each unit mixes its activation with the identity; not for prelu and maxout",
        ("none", "learned"),
        default="none",
        role="activation",
        family="mlp",
    ),
    Hyperparameter(
        "initialization",
        "distribution of the first weights",
        ("zeros", "normal", "xavier", "he", "he_fan_in", "orthogonal", "data_driven"),
        default="he_fan_in",
        role="initialization",
        family="mlp",
    ),
    Hyperparameter(
        "output_initialization",
        "of the output layer; zero: a network begins at a constant prediction",
        ("as_hidden", "zero"),
        default="as_hidden",
        role="initialization",
        family="mlp",
    ),
    Hyperparameter(
        "normalization",
        "of each hidden layer's signals",
        ("none", "batch_norm", "layer_norm"),
        default="none",
        role="normalization",
        family="mlp",
    ),
    Hyperparameter(
        "dropout",
        "share of hidden units left out",
        numbers=FRACTION_BELOW_1,
        default=0.0,
        useful=(0.0, 0.9),
        role="regularization",
        family="mlp",
    ),
    Hyperparameter(
        "input_dropout",
        "share of inputs left out",
        numbers=FRACTION_BELOW_1,
        default=0.0,
        useful=(0.0, 0.9),
        role="regularization",
        family="mlp",
    ),
    Hyperparameter(
        "mixup",
        "alpha of the Beta distribution by which rows are mixed in pairs; 0: they are not",
        numbers=Numbers(0),
        default=0.0,
        useful=(0.0, 2.0),  # Zhang et al. 2018: 0.1 to 0.4 on images
        role="regularization",
        family="mlp",
    ),
    Hyperparameter(
        "scaling",
        "of the inputs",
        ("standard", "min_max", "robust", "quantile", "robust_clip"),
        default="standard",
        role="scaling",
        family="mlp",
    ),
    Hyperparameter(
        "numeric_encoding",
        "what a numeric column becomes before the first layer",
        ("none", "piecewise_linear", "periodic"),
        default="none",
        role="encoding",
        family="mlp",
    ),
    Hyperparameter(
        "encoding_size",
        "numbers per encoded column that enter the first layer",
        numbers=Numbers(2, whole=True),
        log=True,
        default=16,  # TabM's for piecewise_linear: Gorishniy et al. 2024, arXiv 2410.24210
        useful=(2, 128),
        role="encoding",
        family="mlp",
    ),
    Hyperparameter(
        "embedding_size",
        "numbers per column of many categories; auto: by how many there are",
        ("auto",),
        COUNT,
        log=True,
        default="auto",
        useful=(1, 64),
        role="encoding",
        family="mlp",
    ),
    Hyperparameter(
        "n_bins",
        "quantile bins per column of piecewise_linear",
        numbers=Numbers(1, MOST_BINS, whole=True),
        log=True,
        default=48,  # TabM's
        useful=(2, 256),
        role="encoding",
        family="mlp",
    ),
    Hyperparameter(
        "n_frequencies",
        "cosines per column of periodic",
        numbers=COUNT,
        log=True,
        default=16,  # RealMLP's: Holzmüller et al. 2024, arXiv 2407.04491
        useful=(2, 256),
        role="encoding",
        family="mlp",
    ),
    Hyperparameter(
        "frequency_scale",
        "standard deviation of the first frequencies of periodic",
        numbers=ABOVE_0,
        log=True,
        default=0.1,  # RealMLP's
        useful=(1e-3, 100.0),
        role="encoding",
        family="mlp",
    ),
    Hyperparameter(
        "input_scaling",
        "whether each input of the first layer has a learned factor",
        ("none", "learned"),
        default="none",
        role="encoding",
        family="mlp",
    ),
)

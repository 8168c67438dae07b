"""The multilayer perceptron: its configuration and its module.

    inputs --affine scaling--> input dropout --> [linear, normalization, activation, dropout] x n_layers --> linear

Categories of high cardinality enter as embeddings beside the scaled inputs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MLPConfig:
    """The architecture of one network, in the search space's own names."""

    n_layers: int = 2  # hidden layers
    hidden_size: int = 64  # width of the first hidden layer
    shape: str = "constant"  # "constant" or "funnel" (each layer half of the one before)
    activation: str = "relu"
    initialization: str = "he_fan_in"
    normalization: str = "none"
    dropout: float = 0.0
    input_dropout: float = 0.0
    scaling: str = "standard"

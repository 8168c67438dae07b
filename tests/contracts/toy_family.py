"""A family of a few lines, as somebody would write one: a perceptron that draws by itself.

Its dropout is the module's own, its first weights are those of `build`, and one of its linear
maps is lazy. All else is what a family has by default.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from automl.data.dataset import DataDescription
from automl.models.family import Family


@dataclass(frozen=True)
class ToyConfig:
    """What a toy network is made of."""

    width: int = 12
    dropout: float = 0.2
    kind: str = "perceptron"  # or "convolution"


class Perceptron(nn.Module):
    """Called with numbers, and with codes where columns have many categories."""

    def __init__(self, config: ToyConfig, data: DataDescription) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(codes, 3) for codes in data.cardinalities)
        self.body = nn.Sequential(
            nn.LazyLinear(config.width),
            nn.BatchNorm1d(config.width),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.width, data.n_outputs),
        )

    def forward(self, numbers: Tensor, codes: Tensor | None = None) -> Tensor:
        """One row of outputs per row; a flat one where there is one output."""
        for column, table in enumerate(self.tables):
            assert codes is not None
            numbers = nn.functional.pad(numbers, (0, 3)) + nn.functional.pad(
                table(codes[:, column]), (numbers.shape[1], 0)
            )
        outputs: Tensor = self.body(numbers)
        return outputs.squeeze(-1)


class Convolution(nn.Module):
    """Rows as series of one channel."""

    def __init__(self, config: ToyConfig, data: DataDescription) -> None:
        super().__init__()
        self.filters = nn.Conv1d(1, config.width, 3, padding=1)
        self.activation = nn.Tanh()
        self.output = nn.Linear(config.width, data.n_outputs)

    def forward(self, numbers: Tensor) -> Tensor:
        """The mean over the series, of each filter."""
        outputs: Tensor = self.output(self.activation(self.filters(numbers[:, None])).mean(-1))
        return outputs


class ToyFamily(Family):
    """Toys."""

    config_class = ToyConfig

    def build(self, config: ToyConfig, data: DataDescription) -> nn.Module:
        """A toy."""
        kind = Perceptron if config.kind == "perceptron" else Convolution
        return kind(config, data)


TOY_FAMILY = ToyFamily()

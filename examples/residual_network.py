"""A network of one's own: residual blocks on a table.

    automl search titanic.csv --target Survived --model examples/residual_network.py:build

Give a space with `blocks`, `width` and `dropout` (README, "Your own network"), or none: then the
training alone is searched, and the network is as its defaults here say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from automl.data.dataset import DataDescription


class Residual(nn.Module):
    """x + f(x), with normalization first: He et al. 2016, arXiv 1603.05027."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(width, width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Add what the block has learned."""
        out: Tensor = x + self.layers(x)
        return out


class Network(nn.Module):
    """Numbers and embedded categories, blocks, outputs."""

    def __init__(self, data: DataDescription, *, blocks: int, width: int, dropout: float) -> None:
        super().__init__()
        self.embeddings = nn.ModuleList(nn.Embedding(n, width) for n in data.cardinalities)
        self.input = nn.Linear(data.n_features, width)
        self.blocks = nn.Sequential(*[Residual(width, dropout) for _ in range(blocks)])
        self.output = nn.Linear(width, data.n_outputs)

    def forward(self, x: Tensor, codes: Tensor | None = None) -> Tensor:
        """Outputs of each row.

        Shape:
            x: (B, D); codes: (B, E) int64, where columns have many categories.
        """
        hidden = self.input(x)
        for column, embedding in enumerate(self.embeddings):
            assert codes is not None, "a table with embedded columns brings their codes"
            hidden = hidden + embedding(codes[:, column])
        outputs: Tensor = self.output(self.blocks(hidden))
        return outputs


def build(params: Mapping[str, Any], dataset: DataDescription) -> nn.Module:
    """The network of a trial."""
    return Network(
        dataset,
        blocks=params.get("blocks", 2),
        width=params.get("width", 64),
        dropout=params.get("dropout", 0.1),
    )

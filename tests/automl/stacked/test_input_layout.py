from __future__ import annotations

import pytest

from automl.models.mlp.config import MLPConfig, input_parameters, input_size
from automl.stacked.input_layout import InputLayout


@pytest.mark.parametrize("encoding", ["piecewise_linear", "periodic"])
def test_weights_and_vectors_are_all_parameters(encoding: str) -> None:
    config = MLPConfig(numeric_encoding=encoding, encoding_size=3)
    layout = InputLayout(config, 5, (4, 9), n_numbers=2)
    named = layout.weights | layout.vectors
    own = {name for name in named if not name.startswith("embeddings.")}
    assert own == set(input_parameters(config, 2)) and len(named) == len(own) + 2
    assert all(".bias" in name for name in layout.vectors)
    assert layout.width == input_size(config, 5, (4, 9), 2) == layout.n_encoded + 4 + 6
    assert layout.n_encoded == 2 * 3 + 3 and layout.is_encoded


def test_without_numeric_columns_nothing_is_encoded() -> None:
    layout = InputLayout(MLPConfig(numeric_encoding="periodic"), 5, (), n_numbers=0)
    assert (layout.width, layout.is_encoded, layout.is_learned) == (5, False, False)
    assert InputLayout(MLPConfig(), 5, (4,), n_numbers=5).is_learned

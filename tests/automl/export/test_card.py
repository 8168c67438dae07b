"""The card of a model without a study; with one it is tested with the export of answers."""

from __future__ import annotations

from dataclasses import replace

from automl.export.card import model_card
from automl.export.how_to_use import how_to_use
from automl.export.schema import input_schema
from automl.models.own.family import OwnConfig
from tests.automl.export.small_models import data_of, model_of, network


def test_a_card_says_what_is_known_of_a_model() -> None:
    data = data_of("binary")
    model = model_of(data, network(data), network(data, n_layers=1), threshold=0.3)
    card = model_card(model, input_schema(model), use=how_to_use(model))
    for heading in ("# target", "## Model", "## Data", "## Limits", "## How to use"):
        assert f"\n{heading}\n" in card
    assert "2 networks of the family mlp" in card and "above 0.3" in card
    assert "## Scores" not in card and "## Verdict" not in card
    assert "| town | categorical | town 0, " in card and " and " in card
    assert "constant (constant)" in card
    assert "python model.py ../rows.csv" in card


def test_names_cannot_break_the_card() -> None:
    data = data_of("binary")
    model = replace(model_of(data, network(data)), target="a|b\n## <script>")
    card = model_card(model, input_schema(model))
    assert "a\\|b\\\\n## \\<script\\>" in card and "\n## <" not in card


def test_networks_of_ones_own_say_how_they_are_built() -> None:
    data = data_of("binary")
    one = network(data)
    run = replace(one.run, family="own", model=OwnConfig("my_net.py:build", {"width": 8}))
    said = how_to_use(model_of(data, replace(one, run=run)))
    assert 'model="my_net.py:build"' in said and "params = {'width': 8}" in said
    assert "python model.py" not in said
    namespace: dict[str, object] = {}
    code = said.split("module = build")[0].split("from safetensors.torch import load_file\n")[1]
    exec(f"from types import SimpleNamespace\n{code}", namespace)
    assert vars(namespace["dataset"])["n_outputs"] == 1  # type: ignore[arg-type]

"""What each column is, as a person and a program read it."""

from __future__ import annotations

from typing import Any

import pytest

from automl.export.schema import input_schema
from tests.automl.export.small_models import data_of, model_of, network


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    data = data_of("binary")
    return input_schema(model_of(data, network(data), threshold=0.3))


def test_columns_are_in_the_order_of_the_table(schema: dict[str, Any]) -> None:
    used = [one["name"] for one in schema["columns"] if one["used"]]
    assert used == ["size", "price", "share", "took", "sold", "seen", "is_new", "flag", "colour",
                    "zip", "town"]  # fmt: skip
    (constant,) = [one for one in schema["columns"] if not one["used"]]
    assert constant["name"] == "constant" and constant["why_not_used"] == "constant"


def test_each_kind_says_what_it_holds(schema: dict[str, Any]) -> None:
    columns = {one["name"]: one for one in schema["columns"]}
    kinds = {name: one["kind"] for name, one in columns.items()}
    assert kinds["price"] == kinds["took"] == "numeric" and columns["price"]["unit"] == "$"
    assert columns["took"]["unit"] == "s" and columns["size"]["unit"] == ""
    assert kinds["sold"] == "date" and "sold: days" in columns["sold"]["outputs"]
    assert kinds["is_new"] == kinds["flag"] == "boolean"
    assert columns["colour"]["categories"] == ["NA", "blue", "green", "red"]
    low, high = columns["share"]["train_range"]
    assert 0 <= low < high <= 100
    assert columns["zip"]["written"]["categories"]["code_width"] == 5


def test_missing_values_mean_what_the_network_makes_of_them(schema: dict[str, Any]) -> None:
    means = {one["name"]: one["missing"]["means"] for one in schema["columns"]}
    assert means["size"].startswith("counts as the median of the train rows, ")
    assert means["size"].endswith("the network is told")
    assert "told" not in means["share"], "no train row lacks it"
    assert means["colour"] == "a category of its own"
    assert means["flag"].startswith("counts as 0, the commoner one")


def test_the_target_says_classes_threshold_and_columns(schema: dict[str, Any]) -> None:
    assert schema["target"] == {
        "name": "target",
        "task": "binary",
        "classes": ["no", "yes"],
        "truth_values": None,
        "threshold": 0.3,
        "columns": ["target", "probability of no", "probability of yes"],
    }

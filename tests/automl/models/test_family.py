"""A family of a few lines, and what it has by default."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from automl.data.dataset import DataDescription
from automl.errors import ConfigError
from automl.models.family import FAMILIES, Family, find_family, import_family
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.toy_family import TOY_FAMILY, ToyConfig

TOY = "tests.contracts.toy_family:TOY_FAMILY"


def test_families_are_found_by_name_or_import_path() -> None:
    assert all(isinstance(find_family(name), Family) for name in FAMILIES)
    assert find_family(TOY) is TOY_FAMILY


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mpl", "family must be one of mlp"),
        ("no_such_module:FAMILY", "cannot be imported"),
        ("torch.nn:Linear", "must be an object of a Family"),
    ],
)
def test_what_is_no_family_is_told(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        import_family(name)


def test_code_is_imported_where_a_person_names_it_and_not_where_a_study_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "somebodys.py").write_text(
        "from tests.contracts.toy_family import TOY_FAMILY as FAMILY\n"
        f"open({str(tmp_path / 'was_here')!r}, 'w').close()\n"
    )
    with pytest.raises(ConfigError, match="in Python, import somebodys first"):
        find_family("somebodys:FAMILY")
    assert not (tmp_path / "was_here").exists()
    assert import_family("somebodys:FAMILY") is TOY_FAMILY is find_family("somebodys:FAMILY")


def test_params_become_the_fields_of_a_configuration() -> None:
    assert TOY_FAMILY.configure({"width": 5}) == ToyConfig(width=5)
    with pytest.raises(ConfigError, match=r"no hyperparameter 'widht'. Did you mean 'width'"):
        TOY_FAMILY.configure({"widht": 5})
    with pytest.raises(ConfigError, match="dropout must be a number"):
        TOY_FAMILY.configure({"dropout": 1.5})  # the registry knows it


def test_a_network_is_called_with_standardized_numbers_and_codes() -> None:
    fold = tiny_dataset(with_categories=True).folds[0]
    numbers, codes = TOY_FAMILY.read(fold.train.inputs, fold.encoding, ToyConfig())
    torch.testing.assert_close(numbers[:, 1:].mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    assert torch.equal(codes, fold.train.inputs.categories)
    fold = tiny_dataset().folds[0]
    assert len(TOY_FAMILY.read(fold.train.inputs, fold.encoding, ToyConfig())) == 1


class Drops(Family):
    """Its networks leave half of what they are called with out."""

    config_class = ToyConfig

    def build(self, config: ToyConfig, data: DataDescription) -> nn.Module:
        return nn.Dropout(0.5)


def test_a_modules_own_dropout_is_a_function_of_seed_and_step() -> None:
    family, ones = Drops(), torch.ones(6, 50)
    module = family.build(ToyConfig(), tiny_dataset().describe()).train()
    before = torch.get_rng_state()
    masks = [forward(ones) for forward in family.forwards(module, 3, 10, [6, 6, 6])]
    assert torch.equal(torch.get_rng_state(), before), "nobody else's random state moves"
    later = next(iter(family.forwards(module, 3, 12, [6])))
    torch.manual_seed(1)
    assert torch.equal(later(ones), masks[2])
    assert not torch.equal(masks[0], masks[1])
    other = next(iter(family.forwards(module, 4, 10, [6])))
    assert not torch.equal(other(ones), masks[0])


def test_a_modules_own_dropout_is_weakened_for_the_steps_that_ask_for_it() -> None:
    family, ones = Drops(), torch.ones(500, 50)
    module = family.build(ToyConfig(), tiny_dataset().describe()).train()
    (forward,) = family.forwards(module, 3, 10, [500], regularization=0.4)
    kept = forward(ones)
    assert kept.eq(0).float().mean().item() == pytest.approx(0.2, abs=0.01)
    assert kept.max().item() == pytest.approx(1 / 0.8)
    assert module.p == 0.5


def test_only_who_trains_an_unknown_network_knows_its_size() -> None:
    assert TOY_FAMILY.n_parameters(ToyConfig(), tiny_dataset().describe()) is None
    assert not TOY_FAMILY.is_trusted and TOY_FAMILY.stacked_trainer is None

"""Parameters of a person's own network, in files, in Python and from the command line."""

from __future__ import annotations

import json

import optuna
import pytest

from search_spaces import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    SearchSpace,
    SearchSpaceError,
    load,
)
from search_spaces.declared import model_of
from search_spaces.hyperparameters import HYPERPARAMETERS
from search_spaces.toml_files import parse

OWN = """\
family = "own"

[learning_rate]
type = "float"
low = 1e-4
high = 1e-1
log = true

[blocks]
type = "int"
low = 1
high = 6
meaning = "residual blocks"
role = "depth"

[norm]
type = "categorical"
choices = ["batch", "group"]
meaning = "which normalization"
when = { blocks = [2, 3] }

[bias]
type = "categorical"
choices = [true, false]
meaning = "whether layers have a bias"

[hidden_size]
type = "fixed"
value = 32
"""


def test_a_space_declares_parameters_with_a_meaning_and_a_role() -> None:
    known = parse(OWN, "mine").hyperparameters
    assert (known["blocks"].meaning, known["blocks"].role) == ("residual blocks", "depth")
    assert (known["norm"].words, known["norm"].role) == (("batch", "group"), None)
    assert known["blocks"].family == "own"
    assert known["learning_rate"] is HYPERPARAMETERS["learning_rate"]


def test_a_role_may_be_said_by_the_name_of_a_built_in_hyperparameter() -> None:
    text = OWN.replace('role = "depth"', 'role = "learning_rate"')
    assert text != OWN
    assert parse(text, "mine").hyperparameters["blocks"].role == "step size"


def test_a_registered_name_of_another_family_keeps_its_role_and_its_values() -> None:
    space = parse(OWN, "mine")
    assert space.hyperparameters["hidden_size"].role == "width"
    assert "n_layers" not in space.hyperparameters
    with pytest.raises(SearchSpaceError, match="hidden_size must be a whole number from 1"):
        space.narrow(["hidden_size=0"])
    own = SearchSpace.of(
        "own", [FixedParameter("hidden_size", "wide", meaning="of the trunk")], family="own"
    )
    assert own.hyperparameters["hidden_size"].role == "width"


def test_own_parameters_are_drawn_stored_and_read_again() -> None:
    space = parse(OWN, "mine")
    params = space.suggest(optuna.create_study(sampler=optuna.samplers.RandomSampler(0)).ask())
    assert params.keys() - {"norm"} == {"learning_rate", "blocks", "bias", "hidden_size"}
    again = SearchSpace.from_dict(json.loads(json.dumps(space.to_dict())))
    assert (again, again.family) == (space, "own")
    assert again.hyperparameters == space.hyperparameters
    assert space.for_task("regression").family == "own"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("blocks=2..9", IntParameter("blocks", 2, 9)),
        ("blocks=4", FixedParameter("blocks", 4)),
        ("bias=false", FixedParameter("bias", False)),
        ("norm=group", FixedParameter("norm", "group")),
        ("weight_decay=1e-5..1e-3", FloatParameter("weight_decay", 1e-5, 1e-3, log=True)),
    ],
)
def test_own_parameters_are_set_by_hand_like_others(text: str, expected: Parameter) -> None:
    narrowed = parse(OWN.replace("when", "# when"), "mine").narrow([text])
    assert narrowed.parameters[expected.name] == expected


def test_a_parameter_that_is_set_by_hand_keeps_meaning_and_role() -> None:
    blocks = parse(OWN, "mine").narrow(["blocks=4"]).parameters["blocks"]
    assert (blocks.meaning, blocks.role) == ("residual blocks", "depth")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("norm=layer", "norm must be one of batch, group, but got 'layer'"),
        ("norm=grup", r"Did you mean 'group'\?"),
        ("bias=yes", "bias must be one of true, false, but got 'yes'"),
        ("blocks=1.5", "blocks must be a whole number, but got 1.5"),
        ("blcks=2", r"Did you mean 'blocks'\?"),
        ("n_layers=2", "There is no hyperparameter 'n_layers'. Known are learning_rate"),
    ],
)
def test_what_an_own_parameter_cannot_be_is_an_error(text: str, message: str) -> None:
    with pytest.raises(SearchSpaceError, match=message):
        parse(OWN, "mine").narrow([text])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('meaning = "residual blocks"\nrole = "depth"\n', "", "line 9: .*'blocks'.*`meaning`"),
        ('meaning = "residual blocks"', "meaning = 3", "line 13: `meaning` of blocks must be a t"),
        ("[blocks]", '["a=b"]', "must be a word of at most 60 letters, .* but got 'a=b'"),
        ("[blocks]", f"[{'b' * 61}]", "must be a word of at most 60 letters"),
        ('role = "depth"', 'role = "dept"', r"line 14: `role` .*Did you mean 'depth'\?"),
        ('role = "depth"', 'role = "learning rate"', r"Did you mean 'learning_rate'\?"),
        ('role = "depth"', 'role = ["depth"]', r"line 14: `role` of blocks must be one of"),
        ("[blocks]", "[lerning_rate]", "line 20: norm depends on 'blocks'"),
        ("value = 32", 'value = 32\nrole = "width"', "line 30: `role` is for .*no `meaning`"),
        ("log = true", 'meaning = "mine"', "line 7: learning_rate is a hyperparameter of train"),
        ('family = "own"', 'family = "mlp"', "line 13: The mlp would not read blocks"),
        ('family = "own"', "", "line 13: The mlp would not read blocks"),
        ('family = "own"', "family = 3", "line 1: `family` must be a name, as"),
        ('family = "own"', 'family = "a b"', "line 1: `family` must be a name, .* got 'a b'"),
        ('family = "own"', 'family = "a.b"', 'or where to find it, as "package.module:NAME"'),
    ],
)
def test_an_error_of_an_own_space_names_the_line(old: str, new: str, message: str) -> None:
    assert old in OWN
    with pytest.raises(SearchSpaceError, match=message):
        parse(OWN.replace(old, new, 1), "mine")


def test_a_family_may_be_an_import_path() -> None:
    text = OWN.replace('family = "own"', 'family = "pack.mod:TOY"')
    assert parse(text, "mine").family == "pack.mod:TOY"


def test_a_typo_of_a_training_name_is_still_one() -> None:
    with pytest.raises(SearchSpaceError, match=r"Did you mean 'learning_rate'\? A parameter of"):
        SearchSpace.of("own", [FixedParameter("learnig_rate", 0.1)], family="own")


def test_the_built_in_space_of_own_networks_has_training_only() -> None:
    space = load("own")
    assert space.family == "own"
    assert {one.family for one in space.hyperparameters.values()} == {"training"}


def test_a_parameter_called_model_says_who_builds_only_in_spaces_of_own_networks() -> None:
    words = FixedParameter("model", "my_file.py:build", meaning="who builds")
    assert model_of(SearchSpace.of("s", [words], family="own").to_dict()) == "my_file.py:build"
    chosen = CategoricalParameter("model", ("gru", "lstm"), meaning="kind of cell")
    assert model_of(SearchSpace.of("s", [chosen], family="pack.mod:TOY").to_dict()) is None


def test_choices_of_numbers_and_a_word_are_both_possible() -> None:
    sizes = CategoricalParameter("patch", (2, 4, "none"), meaning="pixels of a patch")
    known = SearchSpace.of("own", [sizes], family="own").hyperparameters["patch"]
    assert known.allowed == "a whole number, or none"

"""Spaces and findings, as they are listed."""

from __future__ import annotations

import pytest

import search_spaces
from automl.console import listings
from search_spaces import CategoricalParameter, FixedParameter, FloatParameter, SearchSpace
from search_spaces.toml_files import parse
from storage import Finding


def test_space_shows_ranges_in_the_words_of_set(capsys: pytest.CaptureFixture[str]) -> None:
    space = SearchSpace.of(
        "mine",
        [
            CategoricalParameter("optimizer", choices=("adam", "sgd")),
            FloatParameter("learning_rate", 1e-4, 1e-1, log=True, reason="a wide one"),
            FixedParameter("n_layers", value=2),
            FixedParameter("input_scaling", value="none"),
        ],
    )
    listings.print_space(space)
    printed = capsys.readouterr().out
    for text in (
        "adam, sgd",
        "0.0001..0.1 (log)",
        "a wide one",
        "2 (fixed)",
        "(fixed; --set: learned)",
    ):
        assert text in printed


def test_a_space_of_an_own_network_shows_its_family_and_what_parameters_mean(
    capsys: pytest.CaptureFixture[str],
) -> None:
    blocks = FixedParameter("blocks", 2, meaning="residual blocks", reason="as published")
    listings.print_space(SearchSpace.of("mine", [blocks], family="own"))
    printed = capsys.readouterr().out
    assert "of the family own" in printed
    assert "residual blocks; as published" in printed
    assert listings.HOW_TO_DECLARE not in printed, "they know by now"


def test_whoever_looks_at_the_space_of_own_networks_sees_how_to_declare_parameters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    listings.print_space(search_spaces.load("own"))
    head, family, tables = capsys.readouterr().out.partition("    family =")
    assert "learning_rate" in head
    declared = parse(family + tables, "mine")
    assert declared.family == "own" and declared.parameters["blocks"].role == "depth"


def test_every_built_in_space_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    for name in search_spaces.names():
        listings.print_space(search_spaces.load(name))
        assert "learning_rate" in capsys.readouterr().out


def test_finding_comes_with_the_command_that_mends_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    finding = Finding("dead_trials", "2 trials have lost their process.", "automl search a.csv")
    listings.print_findings([finding], "sqlite:///a.db")
    printed = capsys.readouterr().out
    assert "Dead trials: 2 trials have lost their process." in printed
    assert "automl search a.csv" in printed

"""Studies, spaces and findings, as they are listed."""

from __future__ import annotations

from dataclasses import replace

import pytest

import search_spaces
from automl.console import listings
from automl.diagnostics.headline import headline
from automl.result import SearchResult
from search_spaces import CategoricalParameter, FixedParameter, FloatParameter, SearchSpace
from search_spaces.toml_files import parse
from storage import Finding
from tests.contracts.synthetic_study import synthetic_study


def test_studies_are_listed_with_standing_verdict_and_score(
    capsys: pytest.CaptureFixture[str],
) -> None:
    digits = synthetic_study(20)
    houses = synthetic_study(20, name="houses", task="regression")
    listings.print_studies([SearchResult(one, "") for one in (digits, houses)], "")
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()[-3:-1]]
    words = [listings.STANDING_WORDS[headline(one).standing.kind] for one in (digits, houses)]
    assert rows == [
        f"digits-target 20 accuracy 97.2 % {words[0]} high variance",
        f"houses 20 RMSE 3.200 {words[1]} high variance",
    ]


def test_a_study_without_a_score_is_listed_too(capsys: pytest.CaptureFixture[str]) -> None:
    study = synthetic_study(20)
    empty = replace(study, trials=(), evaluations=(), diagnoses=(), data_checks=())
    listings.print_studies([SearchResult(empty, "")], "")
    assert capsys.readouterr().out.splitlines()[-2].split() == [
        *("digits-target", "0", "too", "little", "evidence")
    ]


def test_names_of_studies_are_whole_and_usual_ones_fit_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("customers-churn-2024", "x y" * 60):
        listings.print_studies([SearchResult(synthetic_study(20, name=name), "")], "")
        last = capsys.readouterr().out.splitlines()[-2]
        assert last.startswith(f"  {name}   ")
        assert len(last) <= max(80, len(name) + 60)  # of other columns


def test_a_fit_that_is_only_as_good_is_not_listed_as_good(
    capsys: pytest.CaptureFixture[str],
) -> None:
    records = synthetic_study(20)
    tied = replace(records.diagnoses[0], kind="good_fit", severity="info")
    listings.print_studies([SearchResult(replace(records, diagnoses=(tied,)), "")], "")
    assert "good fit" not in capsys.readouterr().out


def test_empty_database_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    listings.print_studies([], "sqlite:///a.db")
    assert capsys.readouterr().out == "no studies in sqlite:///a.db\n"


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

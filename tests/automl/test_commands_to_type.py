"""Commands that are put together from what is stored."""

from __future__ import annotations

import shlex
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

import automl
import cli
from automl.commands_to_type import next_command, reproducing_command, trained_calls
from automl.options.option import options_of
from automl.options.search_options import FreeOptions, SearchOptions
from automl.result import SearchResult
from automl.studies import load_study
from search_spaces import load
from storage.call_records import PolicyRecord
from storage.records import SpaceChange, StudyRecords
from tests.contracts.synthetic_study import synthetic_study

ONE_CALL = PolicyRecord(
    *(0, "tpe", "successive_halving"),
    n_trials=12,
    n_slots=4,
    n_workers=1,
    duplicates=False,
    keep_models=SearchOptions().keep_models,
    answer=SearchOptions().answer,
)
DATA = {"target": "price of sale", "drop": ["id"], "folds": 1}


def study(*policies: PolicyRecord, **settings: Any) -> StudyRecords:
    records = synthetic_study(12)
    trials = tuple(replace(one, cause=None) for one in records.trials)
    changed = replace(
        records.settings,
        **{
            "data_source": "houses.csv",
            "is_from_files": True,
            "data_options": DATA,
            "portfolio": SearchOptions().portfolio,
            **settings,
        },
    )
    return replace(records, trials=trials, settings=changed, policies=policies or (ONE_CALL,))


def options(command: str) -> dict[str, Any]:
    """What click reads in a command; it must be one that can be typed."""
    program, name, *arguments = shlex.split(command)
    assert (program, name) == ("automl", "search")
    return cli.main.commands[name].make_context(name, arguments).params


def changes(**assignments: str) -> tuple[SpaceChange, ...]:
    return tuple(SpaceChange(name, text) for name, text in assignments.items())


def test_advice_becomes_the_studys_own_command_with_its_changes() -> None:
    records = study(space_changes=("optimizer=adam", "dropout=0..0.1"), max_epochs=20)
    command = next_command(records, changes(dropout="0.2..0.6", hidden_size="32..512"))
    assert command == (
        "automl search houses.csv --target 'price of sale' --drop id --folds 1 "
        "--set optimizer=adam --set dropout=0.2..0.6 --set hidden_size=32..512 "
        "--max-epochs 20 --n-trials 12 --policy optuna --new"
    )
    assert options(command)["set"] == (
        "optimizer=adam",
        "dropout=0.2..0.6",
        "hidden_size=32..512",
    )


def test_options_of_the_search_are_changed_as_such() -> None:
    command = next_command(study(), changes(max_epochs="200", folds="5", class_weights="true"))
    typed = options(command or "")
    assert (typed["max_epochs"], typed["folds"], typed["class_weights"]) == (200, 5, True)
    assert typed["set"] == ()
    assert typed["new"]


def test_an_option_that_can_come_several_times_is_added() -> None:
    command = next_command(study(), changes(drop="cabin number"))
    assert options(command or "")["drop"] == ("id", "cabin number")


def test_more_trials_go_on_in_the_same_study() -> None:
    for settings, named in (
        ({"study_name": "houses-price of sale"}, None),
        ({"study_name": "houses-price of sale-2"}, "houses-price of sale-2"),
        ({"study_name": "mine", "is_named": True}, "mine"),
    ):
        records = study(**{"target": "price of sale", **settings})
        typed = options(next_command(records, changes(n_trials="60")) or "")
        assert (typed["n_trials"], typed["new"], typed["study"]) == (60, False, named)


def test_another_metric_leaves_a_study_with_what_has_ended_it() -> None:
    """Nothing of a trial depends on it, so that nothing is to be trained for it."""
    limits = {"n_trials": 1000, "max_epochs_total": 500, "target_loss": 0.1}
    call = replace(ONE_CALL, **limits, patience_trials=20, timeout=60.0)
    records = study(replace(ONE_CALL, n_trials=3), replace(call, from_trial_number=3))
    kept = options(next_command(records, changes(metric="f1")) or "")
    assert not kept["new"] and kept["metric"] == "f1"
    ends = (*limits, "patience_trials", "timeout")
    assert {name: kept[name] for name in ends} == {**limits, "patience_trials": 20, "timeout": 60}
    more = options(next_command(records, changes(metric="f1", n_trials="2000")) or "")
    assert [more[name] for name in ends] == [2000, None, None, None, None]


def test_advice_without_changes_has_no_command() -> None:
    assert next_command(study(), ()) is None


def test_another_database_is_named() -> None:
    for command in (
        next_command(study(), changes(l1="0"), "sqlite:///my.db"),
        reproducing_command(study(), "sqlite:///my.db").command,
    ):
        assert options(command or "")["storage"] == "sqlite:///my.db"


def test_of_an_object_it_is_a_call() -> None:
    records = study(is_from_files=False, data_source="DataFrame", data_options={"target": "y"})
    command = next_command(records, changes(dropout="0.2..0.6"))
    assert command == (
        "automl.search(..., target='y', set=['dropout=0.2..0.6'], max_epochs=40, "
        "n_trials=12, policy='optuna', new=True)"
    )
    reproduction = reproducing_command(records)
    assert reproduction.command.startswith("automl.search(..., target='y', ")
    assert "given as an object (DataFrame)" in reproduction.sentence


def test_the_whole_study_is_one_command() -> None:
    """Thirty trials first and all of them later: what is repeated is the whole."""
    policy = replace(ONE_CALL, n_trials=30, sampler="random", preflight=False, device="cuda")
    reproduction = reproducing_command(study(ONE_CALL, replace(policy, from_trial_number=5)))
    typed = options(reproduction.command)
    assert (typed["n_trials"], typed["sampler"], typed["slots"]) == (12, "random", 4)
    assert (typed["workers"], typed["preflight"], typed["device"]) == ("auto", False, "cuda")
    assert typed["new"]
    assert not reproduction.is_exact


def test_every_free_option_is_kept_but_those_that_change_no_trial() -> None:
    """Else a call that is repeated trains otherwise, and nobody says so."""
    kept = {field.name for field in fields(PolicyRecord)}
    planned = {"slots": "n_slots", "workers": "n_workers"}  # kept as what became of them
    assert set(planned.values()) <= kept
    assert options_of(FreeOptions).keys() - kept - planned.keys() == {
        *("target_error", "metric"),  # of the study
        "keep_bytes",
        "memory_limit",
        "progress",  # what is seen of it
    }


def test_what_was_fitted_and_kept_is_repeated() -> None:
    records = study(replace(ONE_CALL, references=False, keep_models=2, amp=True))
    for command in (reproducing_command(records).command, next_command(records, changes(l1="0"))):
        typed = options(command or "")
        assert (typed["references"], typed["keep_models"], typed["amp"]) == (False, 2, True)


def test_a_call_that_trained_nothing_decided_nothing() -> None:
    """Two calls from the same trial on: the first of them had no time for one."""
    idle = replace(ONE_CALL, timeout=30.0, n_slots=12)
    last = replace(ONE_CALL, timeout=60.0, n_slots=10, n_trials=30)
    records = study(idle, last)
    assert trained_calls(records) == (last,)
    reproduction = reproducing_command(records)
    assert options(reproduction.command)["slots"] == 10
    assert "calls" not in reproduction.sentence
    command = next_command(records, changes(l1="0"))
    assert options(command or "")["timeout"] == 60.0


def test_a_timeout_is_advised_only_where_every_call_had_one() -> None:
    first = replace(ONE_CALL, timeout=None)
    records = study(first, replace(ONE_CALL, from_trial_number=6, timeout=60.0))
    assert options(next_command(records, changes(l1="0")) or "")["timeout"] is None


@pytest.mark.parametrize("policy", [ONE_CALL, replace(ONE_CALL, n_workers=2, timeout=60.0)])
def test_one_call_that_had_the_time_is_repeated_exactly(policy: PolicyRecord) -> None:
    reproduction = reproducing_command(study(policy))
    assert reproduction.is_exact
    assert reproduction.n_exact == 12
    assert "trial by trial, on any number of workers" in reproduction.sentence
    assert "workers" not in reproduction.command


@pytest.mark.parametrize(
    ("later", "obstacle"),
    [
        ({}, "of 2 calls"),
        ({"n_slots": 9}, "trained at once"),
        ({"pruner": "none"}, "sampler or pruner changed"),
    ],
)
def test_what_another_call_changed_is_said(later: dict[str, Any], obstacle: str) -> None:
    first = replace(ONE_CALL, n_trials=6 if not later else 12)
    records = study(first, replace(ONE_CALL, from_trial_number=6, **later))
    reproduction = reproducing_command(records)
    assert not reproduction.is_exact
    assert reproduction.n_exact == 6
    assert obstacle in reproduction.sentence
    assert "first 6 trials are the same" in reproduction.sentence


def test_a_call_that_was_cut_short_and_continued_is_as_one() -> None:
    first = replace(ONE_CALL, timeout=60.0)
    assert reproducing_command(study(first, replace(ONE_CALL, from_trial_number=6))).is_exact


def test_a_gpu_adds_up_in_an_order_of_its_own() -> None:
    assert "a GPU" in reproducing_command(study(replace(ONE_CALL, device="cuda"))).sentence


def test_where_time_decided_how_far_a_study_got_it_is_said_what_repeats_it() -> None:
    records = study(replace(ONE_CALL, timeout=60.0))
    *ended, last = records.trials
    records = replace(records, trials=(*ended, replace(last, state="RUNNING")))
    reproduction = reproducing_command(records)
    assert not reproduction.is_exact
    assert options(reproduction.command)["n_trials"] == 12
    assert "speed of this machine" in reproduction.sentence
    assert "repeats its 12 trials exactly" in reproduction.sentence


def test_what_was_proposed_after_the_machine_had_decided_is_not_the_same() -> None:
    records = study(replace(ONE_CALL, timeout=60.0))
    marked = [
        replace(one, user_attributes={"decided_by_machine": what})
        for one, what in zip(records.trials[6:8], ("wait", "params"), strict=True)
    ]
    trials = (*records.trials[:6], *marked, *records.trials[8:])
    reproduction = reproducing_command(replace(records, trials=trials))
    assert reproduction.n_exact == 7
    assert "from trial 7 on" in reproduction.sentence


def test_a_latency_that_was_measured_decides_from_its_first_trial_on() -> None:
    policy = replace(ONE_CALL, sampler="random", pruner="none")
    records = study(policy)
    marks = ("limits", *["params"] * (len(records.trials) - 1))
    marked = [
        replace(one, user_attributes={"decided_by_machine": mark})
        for one, mark in zip(records.trials, marks, strict=True)
    ]
    reproduction = reproducing_command(replace(records, trials=tuple(marked)))
    assert (reproduction.n_exact, reproduction.is_exact) == (0, False)
    assert reproduction.obstacles == (
        "which networks are quick enough was measured, and is measured again",
    )
    assert not reproduction.is_timed


def test_what_ends_trials_from_outside_is_counted() -> None:
    records = study()
    first, second, third, *rest = records.trials
    ended = (
        replace(first, cause="timed_out"),
        replace(second, cause="lost"),
        replace(third, cause="lost"),
    )
    sentence = reproducing_command(replace(records, trials=(*ended, *rest))).sentence
    for text in ("1 trial ended with a trial's time", "2 trials died"):
        assert text in sentence


def test_what_proposes_by_number_alone_does_not_mind_order() -> None:
    policy = replace(ONE_CALL, sampler="random", pruner="none", n_workers=2)
    assert reproducing_command(study(policy, replace(policy, from_trial_number=6))).is_exact


def test_a_space_that_was_an_object_must_be_written_first() -> None:
    records = study(space_source="SearchSpace")
    reproduction = reproducing_command(records)
    assert options(reproduction.command)["space"] == "mlp.toml"
    assert "must be written" in reproduction.sentence


def test_the_command_repeats_a_study_to_the_last_digit(
    finished: SearchResult, finished_copy: str
) -> None:
    reproduction = reproducing_command(finished.records, finished_copy)
    assert reproduction.is_exact
    assert "--set batch_size=16,32" in reproduction.command
    cli.main(shlex.split(reproduction.command)[1:], standalone_mode=False)
    again = load_study("iris-species-2", finished_copy)
    assert [one.params for one in again.trials] == [one.params for one in finished.trials]
    assert [one.value for one in again.trials] == [one.value for one in finished.trials]


def test_how_a_call_searched_is_kept(tmp_path: Path) -> None:
    """Each call that trains is one record; one that finds all done is none."""
    storage = f"sqlite:///{tmp_path}/automl.db"
    space = load("mlp").narrow(["batch_size=32"])
    for n_trials in (2, 3, 3):
        automl.search(
            "sklearn:iris",
            space=space,
            n_trials=n_trials,
            storage=storage,
            max_epochs=2,
            folds=1,
            workers=1,
            timeout=600,
            keep_models=2,
            references=False,
        )
    records = load_study("iris-target", storage).records
    assert [(one.from_trial_number, one.n_trials) for one in records.policies] == [(0, 2), (2, 3)]
    assert {(one.timeout, one.n_workers) for one in records.policies} == {(600.0, 1)}
    assert {(one.keep_models, one.references) for one in records.policies} == {(2, False)}
    assert records.settings.space_source == "SearchSpace"
    assert not records.settings.is_named

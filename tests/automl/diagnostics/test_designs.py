"""Bad starts are counted by activation, initialization, depth and normalization."""

from __future__ import annotations

import dataclasses
from typing import Any

from automl.diagnostics.designs import diagnose_flow_by_design
from storage.records import RunRecord, StudyRecords, TrialRecord

SPACE = {
    "parameters": {
        "activation": {"type": "categorical", "choices": ["sigmoid", "relu"]},
        "initialization": {"type": "categorical", "choices": ["normal", "he", "xavier"]},
    }
}


def started(study: Any, *designs: tuple[str, str, Any]) -> StudyRecords:
    """Trials by activation, initialization and the layers that they begin with."""
    trials = [
        TrialRecord(i, "COMPLETE", {"activation": a, "initialization": s}, 0.1)
        for i, (a, s, _) in enumerate(designs)
    ]
    return dataclasses.replace(
        study(space=SPACE),
        trials=tuple(trials),
        runs=tuple(RunRecord(i, i, "search", seed=0) for i in range(len(designs))),
        initial_layers={i: layers for i, (_, _, layers) in enumerate(designs)},
    )


def test_designs_that_vanish_are_counted_beside_those_that_do_not(
    study: Any, layers_of: Any
) -> None:
    lost, fine = layers_of([1e-6, 1e-4, 1e-2, 1.0]), layers_of([0.3, 0.5, 1.0])
    records = started(
        study,
        *[("sigmoid", "normal", lost)] * 4,
        ("sigmoid", "normal", fine),
        *[("relu", "he", fine)] * 5,
    )

    diagnosis = diagnose_flow_by_design(records)

    assert diagnosis is not None
    assert (
        "sigmoid with normal initialization, 3 hidden layers or more: gradients vanished in 4 of "
        "4 trials." in diagnosis.message
    )
    assert "relu with he initialization: in none of 5 trials." in diagnosis.message


def test_the_advice_leaves_out_what_mostly_starts_badly(study: Any, layers_of: Any) -> None:
    lost, fine = layers_of([1e-6, 1.0]), layers_of([0.3, 1.0])
    records = started(study, *[("sigmoid", "normal", lost)] * 3, *[("relu", "he", fine)] * 3)

    diagnosis = diagnose_flow_by_design(records)

    assert diagnosis is not None
    assert diagnosis.advice[0].changes[0].parameter == "initialization"
    assert diagnosis.advice[0].changes[0].set == "he,xavier"


def test_two_trials_are_no_pattern(study: Any, layers_of: Any) -> None:
    lost = layers_of([1e-6, 1.0])

    assert diagnose_flow_by_design(started(study, *[("sigmoid", "normal", lost)] * 2)) is None


def test_healthy_starts_need_no_word(study: Any, layers_of: Any) -> None:
    fine = layers_of([0.3, 1.0])

    assert diagnose_flow_by_design(started(study, *[("relu", "he", fine)] * 6)) is None


def test_evidence_counts_every_design(study: Any, layers_of: Any) -> None:
    lost, fine = layers_of([1e-6, 1.0]), layers_of([0.3, 1.0])
    records = started(study, *[("sigmoid", "normal", lost)] * 3, *[("relu", "he", fine)] * 2)

    diagnosis = diagnose_flow_by_design(records)

    assert diagnosis is not None
    designs = diagnosis.evidence["designs"]
    assert [(d["activation"], d["n_trials"], d["n_bad"]) for d in designs] == [
        ("sigmoid", 3, 3),
        ("relu", 2, 0),
    ]


def test_networks_of_which_no_design_is_known_are_counted_together(
    study: Any, layers_of: Any
) -> None:
    lost = layers_of([1e-6, 1e-4, 1e-2, 1.0])
    records = started(study, *[("sigmoid", "normal", lost)] * 4)
    own = {"family": "own", "parameters": {}}
    trials = tuple(dataclasses.replace(trial, params={}) for trial in records.trials)
    settings = dataclasses.replace(records.settings, space=own)

    diagnosis = diagnose_flow_by_design(
        dataclasses.replace(records, settings=settings, trials=trials)
    )

    assert diagnosis is not None
    assert "networks, 3 hidden layers or more: gradients vanished in 4 of 4" in diagnosis.message
    assert diagnosis.advice[0].changes == ()

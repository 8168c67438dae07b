"""Questions to the search as a whole, each answered or passed over."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from automl.diagnostics.search_coverage import (
    best_trials,
    diagnose_duplicates,
    diagnose_failures,
    diagnose_no_effect,
    diagnose_search,
    diagnose_seeds,
    diagnose_short_budget,
    diagnose_too_few_trials,
    varied_parameters,
)
from storage.records import RunRecord, StudyRecords, TrialRecord


def with_trials(study: Any, trials: list[TrialRecord], **settings: Any) -> StudyRecords:
    return dataclasses.replace(study(**settings), trials=tuple(trials))


def test_failures_are_counted_by_cause(study: Any) -> None:
    trials = [
        TrialRecord(0, "COMPLETE", {}, 0.1),
        TrialRecord(1, "PRUNED", {}, None, "diverged"),
        TrialRecord(2, "PRUNED", {}, None, "diverged"),
        TrialRecord(3, "PRUNED", {}, None, "out_of_memory"),
    ]

    diagnosis = diagnose_failures(with_trials(study, trials))

    assert diagnosis is not None
    assert diagnosis.evidence["causes"] == {"diverged": 2, "out_of_memory": 1}
    assert diagnosis.severity == "warning"
    assert diagnosis.message.startswith("3 of 4 trials failed: 2 diverged (")


def test_divergence_at_high_learning_rates_lowers_the_range(study: Any) -> None:
    trials = [
        TrialRecord(i, "COMPLETE", {"learning_rate": rate}, 0.1)
        for i, rate in enumerate([1e-4, 1e-3, 1e-2])
    ]
    trials += [
        TrialRecord(3 + i, "PRUNED", {"learning_rate": rate}, None, "diverged")
        for i, rate in enumerate([0.05, 0.09])
    ]
    entry = {"type": "float", "low": 1e-5, "high": 0.1, "log": True}

    diagnosis = diagnose_failures(
        with_trials(study, trials, space={"parameters": {"learning_rate": entry}})
    )

    assert diagnosis is not None
    assert diagnosis.advice[0].changes[0].set == "1e-05..0.01"


def test_no_failure_is_no_verdict(study: Any) -> None:
    assert diagnose_failures(with_trials(study, [TrialRecord(0, "COMPLETE", {}, 0.1)])) is None


def test_best_trials_that_end_while_improving_ask_for_epochs(study: Any) -> None:
    line = [(1.0 - 0.03 * i, 1.0 - 0.03 * i) for i in range(20)]

    diagnosis = diagnose_short_budget(study(line, line, line))

    assert diagnosis is not None
    assert diagnosis.advice[0].changes[0].set == "40"


def test_level_curves_have_epochs_enough(study: Any, curve: Any) -> None:
    assert diagnose_short_budget(study(*[curve(1.0, 0.2)] * 3)) is None


def test_few_trials_for_many_hyperparameters(study: Any) -> None:
    trials = [TrialRecord(i, "COMPLETE", {name: i for name in "abcd"}, float(i)) for i in range(6)]

    diagnosis = diagnose_too_few_trials(with_trials(study, trials))

    assert diagnosis is not None
    assert diagnosis.evidence["wanted"] == 20
    assert [(one.parameter, one.set) for one in diagnosis.advice[0].changes] == [
        ("n_trials", "20")
    ]


def test_trials_that_failed_are_wanted_once_more(study: Any) -> None:
    trials = [TrialRecord(i, "COMPLETE", {name: i for name in "abcd"}, float(i)) for i in range(6)]
    failed = [TrialRecord(i, "PRUNED", {}, cause="diverged") for i in (6, 7)]
    diagnosis = diagnose_too_few_trials(with_trials(study, [*trials, *failed]))
    assert diagnosis is not None
    assert diagnosis.advice[0].changes[0].set == "22"


def test_a_hyperparameter_with_one_value_is_not_varied(study: Any) -> None:
    trials = [TrialRecord(i, "COMPLETE", {"a": i, "b": 1}, float(i)) for i in range(3)]

    assert varied_parameters(with_trials(study, trials)) == ["a"]


def test_hyperparameters_without_effect_are_told_from_those_with(study: Any) -> None:
    generator = np.random.default_rng(2)
    trials = []
    for number in range(60):
        rate, idle = generator.uniform(size=2)
        loss = rate + 0.05 * generator.normal()
        trials.append(
            TrialRecord(number, "COMPLETE", {"learning_rate": rate, "momentum": idle}, loss)
        )

    diagnosis = diagnose_no_effect(with_trials(study, trials))

    assert diagnosis is not None
    assert "momentum" in diagnosis.message
    assert "learning_rate" not in diagnosis.message
    assert diagnosis.advice[0].changes[0].parameter == "momentum"
    assert "Fix what shows no effect (momentum) at" in diagnosis.advice[0].text, "it stands alone"


def test_what_decided_which_trials_complete_has_an_effect(study: Any) -> None:
    generator = np.random.default_rng(4)
    trials = []
    for number in range(120):
        rate, idle, noise = generator.uniform(size=3)
        is_complete = rate < 0.25  # of the others none is let complete
        trials.append(
            TrialRecord(
                number,
                "COMPLETE" if is_complete else "PRUNED",
                {"learning_rate": rate, "momentum": idle},
                noise if is_complete else 1 + rate,
            )
        )

    diagnosis = diagnose_no_effect(with_trials(study, trials))

    assert diagnosis is None or "learning_rate" not in diagnosis.message


def test_too_few_complete_trials_show_no_absence_of_an_effect(study: Any) -> None:
    trials = [
        TrialRecord(i, "COMPLETE" if i < 10 else "PRUNED", {"a": (i * 7) % 10 / 10}, float(i))
        for i in range(60)
    ]

    assert diagnose_no_effect(with_trials(study, trials)) is None


def test_categories_have_effects_too(study: Any) -> None:
    trials = [
        TrialRecord(i, "COMPLETE", {"activation": "relu" if i % 2 else "tanh"}, i % 2 + 0.01 * i)
        for i in range(30)
    ]

    assert diagnose_no_effect(with_trials(study, trials)) is None


def test_seeds_that_differ_more_than_trials_are_noticed(
    study: Any, curve: Any, epoch_of: Any
) -> None:
    records = study(curve(1.0, 0.200), curve(1.0, 0.201), curve(1.0, 0.202))
    runs, epochs = list(records.runs), dict(records.epochs)
    for run_id, loss in ((10, 0.15), (11, 0.25), (12, 0.35)):
        runs.append(RunRecord(run_id, 0, "confirm", seed=run_id))
        epochs[run_id] = (epoch_of(run_id, 1, loss, loss),)

    diagnosis = diagnose_seeds(dataclasses.replace(records, runs=tuple(runs), epochs=epochs))

    assert diagnosis is not None
    assert diagnosis.evidence["seed_spread"] > diagnosis.evidence["best_spread"]


def test_without_repetitions_nothing_is_said_on_seeds(study: Any, curve: Any) -> None:
    assert diagnose_seeds(study(*[curve(1.0, 0.2)] * 3)) is None


def test_repeated_configurations_are_counted(study: Any) -> None:
    values = [1, 2, 1, 1]
    trials = [TrialRecord(i, "COMPLETE", {"a": v}, 0.1) for i, v in enumerate(values)]

    diagnosis = diagnose_duplicates(with_trials(study, trials))

    assert diagnosis is not None
    assert diagnosis.evidence["n_repeated"] == 2


def test_best_trials_are_a_quarter_but_at_least_five(study: Any) -> None:
    trials = [TrialRecord(i, "COMPLETE", {"a": i}, float(i)) for i in range(40)]

    assert [trial.number for trial in best_trials(with_trials(study, trials))] == list(range(10))
    assert len(best_trials(with_trials(study, trials[:8]))) == 5


def test_an_empty_study_has_no_verdict_on_its_search(study: Any) -> None:
    assert diagnose_search(study()) == ()

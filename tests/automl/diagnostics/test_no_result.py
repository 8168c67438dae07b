"""Where no trial has completed, the study says why and what to do."""

from __future__ import annotations

import dataclasses
from typing import Any

from automl.diagnostics import diagnose_study
from storage.records import RunRecord, StudyRecords, TrialRecord


def failed(
    study: Any, cause: str, layers: Any = (), n_trials: int = 3, **params: Any
) -> StudyRecords:
    trials = tuple(TrialRecord(n, "PRUNED", params, None, cause) for n in range(n_trials))
    runs = tuple(RunRecord(n, n, "search", 0, state="failed") for n in range(n_trials))
    return dataclasses.replace(
        study(), trials=trials, runs=runs, initial_layers={n: layers for n in range(n_trials)}
    )


def test_networks_given_up_before_their_first_epoch(study: Any, layers_of: Any) -> None:
    layers = layers_of([1e-12, 1e-11, 1e-6, 1.0])
    records = failed(study, "hopeless", layers, activation="sigmoid", n_layers=8)

    first, *_ = diagnose_study(records)

    assert (first.kind, first.severity) == ("vanishing_gradients", "problem")
    assert "In 3 of 3 trials gradients vanished on the first batch" in first.message
    assert first.advice[0].text.startswith("Use ReLU with He's initialization")
    assert first.advice[1].text.startswith("Normalize between the layers")
    assert "`--no-preflight`" in first.advice[-1].text
    (some,) = (one for one in diagnose_study(records) if one.kind == "failures")
    assert "`--no-preflight`" in some.advice[-1].text


def test_zero_initialization_is_called_by_its_name(study: Any, layers_of: Any) -> None:
    """A ReLU network of zeros is dead, too: the cause comes first."""
    layers = layers_of([0.0, 0.0], dead=1.0, weight_norm=0.0)
    records = failed(study, "hopeless", layers, initialization="zeros", n_layers=2)

    assert diagnose_study(records)[0].kind == "symmetric_initialization"


def test_all_diverged_asks_for_smaller_steps(study: Any) -> None:
    first, *_ = diagnose_study(failed(study, "diverged", learning_rate=10.0))

    assert first.kind == "diverged"
    assert first.advice[0].changes[0].parameter == "learning_rate"


def test_other_causes_have_their_remedy(study: Any) -> None:
    first, *_ = diagnose_study(failed(study, "out_of_memory"))

    assert first.kind == "too_little_evidence"
    assert "3 of 3 trials failed: the device's memory did not suffice." in first.message
    assert "--memory-limit" in first.advice[0].text

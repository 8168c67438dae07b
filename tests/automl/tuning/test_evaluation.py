"""The score on test rows: of stored weights, once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from threadpoolctl import threadpool_limits

import automl
from automl.data.references import FittedReferences, fit_references, guessing_alone
from automl.options.loading import load_again
from automl.result import SearchResult
from automl.studies import load_study
from automl.training.metrics import score
from automl.tuning import evaluation as scoring
from automl.tuning.evaluation import _Rows, _scored_beside, evaluate_answer
from automl.tuning.keeping import Keeper
from automl.tuning.network_problem import NetworkProblem
from automl.wording.counts import trial_words
from automl.wording.references import REFERENCE_NAMES
from storage import open_store
from storage.score_records import AnswerMember, AnswerRecord, EvaluationRecord


def problem_of(finished: SearchResult) -> NetworkProblem:
    settings = finished.records.settings
    return NetworkProblem(settings, load_again(settings).dataset)


def test_score_is_that_of_the_kept_predictions(finished: SearchResult) -> None:
    kept = finished.predictions()
    assert kept is not None and finished.evaluation is not None
    again = score(
        kept["test_predictions"], kept["test_targets"], task="multiclass", loss="cross_entropy"
    )
    assert again == pytest.approx(dict(finished.evaluation.scores))


def test_kept_validation_predictions_give_the_trials_value(finished: SearchResult) -> None:
    """So the weights that are kept are those of the best epoch."""
    kept = finished.predictions()
    assert kept is not None
    rows = np.arange(len(kept["valid_targets"]))
    chosen = kept["valid_predictions"][rows, kept["valid_targets"]]
    assert -np.log(chosen).mean() == pytest.approx(finished.best.value, rel=1e-4)


def test_scores_are_the_same_bits_on_any_number_of_threads(finished: SearchResult) -> None:
    """Of so many rows that linear algebra shares a product among its threads where it may."""
    settings, dataset = finished.records.settings, problem_of(finished).dataset
    random = np.random.default_rng(0)
    splits = []
    for split, n_rows in (("valid", 20_000), ("test", 15_000)):
        targets = random.integers(0, 3, n_rows)
        logits = random.normal(size=(2, n_rows, 3)) + 2 * (targets[:, None] == np.arange(3))
        network, guessing = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        references = {"guessing": guessing}
        scale = np.ones(n_rows)
        splits.append(_Rows(split, targets, scale, network, None, references, frozenset()))  # type: ignore[arg-type]

    def scored(n_threads: int) -> list[EvaluationRecord]:
        thresholds = {"network": None, "guessing": None}
        with threadpool_limits(n_threads, "blas"):
            found = _scored_beside(splits, dataset, settings, thresholds)
        return [replace(each["network"], evaluated_at=0.0) for each in found]

    first = scored(1)
    assert first == scored(2)
    assert [each.split for each in first] == ["valid", "test"]
    assert first[0].scores["accuracy"] > 0.7


def test_an_interrupt_waits_for_no_scores(
    finished: SearchResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, settings = problem_of(finished).dataset, finished.records.settings
    is_over = threading.Event()

    def interrupted(rows: _Rows, *others: object) -> dict[str, EvaluationRecord]:
        if rows.split == "valid":
            raise KeyboardInterrupt
        is_over.wait(60.0)
        return {}

    monkeypatch.setattr(scoring, "_scored", interrupted)
    nothing = np.empty(0)
    splits = [
        _Rows(split, nothing, nothing, None, None, {}, frozenset()) for split in ("valid", "test")
    ]
    before = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        _scored_beside(splits, dataset, settings, {})
    assert time.monotonic() - before < 30.0
    is_over.set()


def test_references_stand_beside_it(finished: SearchResult) -> None:
    evaluation = finished.evaluation
    assert evaluation is not None
    assert evaluation.reference_scores("guessing")["loss"] == pytest.approx(np.log(3), abs=0.01)
    assert evaluation.reference_scores("linear_model")["accuracy"] > 0.8
    for name, (low, high) in evaluation.intervals.items():
        assert low <= evaluation.scores[name] <= high


def test_validation_rows_have_a_comparison_of_their_own(finished: SearchResult) -> None:
    """Network and references on the rows of the trial's own curve, pair by pair."""
    (compared,) = (one for one in finished.records.evaluations if one.split == "valid")
    guessing, linear = compared.reference("guessing"), compared.reference("linear_model")
    assert guessing is not None and linear is not None

    assert compared.answer_id == finished.answer.answer_id
    assert compared.scores["loss"] == pytest.approx(finished.best.value, rel=1e-4)
    gain = guessing.network_gains["loss"]
    assert gain.value == pytest.approx(guessing.scores["loss"] - compared.scores["loss"])
    assert 0 < gain.standard_error < 0.2 * gain.value
    assert linear.guessing_gains["accuracy"].is_better
    assert not guessing.guessing_gains


def test_test_rows_are_read_once_per_answer(finished: SearchResult, finished_copy: str) -> None:
    problem = problem_of(finished)
    with open_store(finished_copy) as store:
        before = store.read_study("iris-species")
        assert evaluate_answer(store, problem, before, dict) == before.evaluations[-1]
        assert store.read_study("iris-species").evaluations == before.evaluations


def test_it_is_scored_again_for_references_that_an_earlier_look_lacked(
    finished: SearchResult, finished_copy: str
) -> None:
    """The network's scores are the same; what could not be fitted now either changes nothing."""
    problem = problem_of(finished)
    every = frozenset(REFERENCE_NAMES)
    with open_store(finished_copy) as store:
        first = store.read_study("iris-species").evaluations[-1]
        with store.transaction():
            bare = [one for one in first.references if one.name == "guessing"]
            # Of the same moment: a later one would come after what is scored here.
            store.add_evaluation("iris-species", replace(first, references=tuple(bare)))

        def evaluate(references: Callable[[], FittedReferences]) -> EvaluationRecord | None:
            records = store.read_study("iris-species")
            return evaluate_answer(store, problem, records, references, every)

        poorer = evaluate(lambda: guessing_alone(problem.dataset))
        assert poorer is not None
        assert [one.name for one in poorer.references] == ["guessing"]
        richer = evaluate(lambda: fit_references(problem.dataset))
        assert richer is not None
        assert {one.name for one in richer.references} == every
        assert richer.scores == first.scores
        assert len(store.read_study("iris-species").evaluations) == 5
        assert evaluate(dict) == richer


def test_a_reference_that_was_cut_short_is_marked(
    finished: SearchResult, finished_copy: str
) -> None:
    problem = problem_of(finished)
    (guess,) = guessing_alone(problem.dataset)["guessing"]
    fitted: FittedReferences = {
        "guessing": [guess],
        "linear_model": [guess],
        "boosted_trees": [replace(guess, is_final=False)],
    }
    every = frozenset(REFERENCE_NAMES)
    with open_store(finished_copy) as store:
        first = store.read_study("iris-species").evaluations[-1]
        bare = replace(first, references=(), evaluated_at=first.evaluated_at + 1)
        store.add_evaluation("iris-species", bare)
        records = store.read_study("iris-species")
        record = evaluate_answer(store, problem, records, lambda: fitted, every)
    assert record is not None
    assert [one.is_final for one in record.references] == [True, True, False]


def test_an_answer_of_several_trials_is_scored_kept_loaded_and_reported(
    finished: SearchResult, finished_copy: str, tmp_path: Path
) -> None:
    """Whoever reads an answer is indifferent to how many trials it is made of."""
    first, second = (trial.number for trial in finished.records.complete_trials[:2])
    runs = [finished.records.search_runs(number)[0].run_id for number in (first, second)]
    members = (AnswerMember(runs[0], 0.75), AnswerMember(runs[1], 0.25))
    problem = problem_of(finished)
    with open_store(finished_copy) as store:
        store.add_answer("iris-species", AnswerRecord("ensemble", members, first))
        records = store.read_study("iris-species")
        scored = evaluate_answer(store, problem, records, lambda: guessing_alone(problem.dataset))
        Keeper(store, problem, keep_models=1).prune()
    result = load_study("iris-species", finished_copy)

    assert result.answer.members == members and result.evaluation == scored
    kept, alone, other = result.predictions(), finished.best_model(), result.model(second)
    assert kept is not None and finished.predictions() is not None
    assert {one.run_id for one in result.records.kept_artifacts("weights")} == set(runs)
    assert len(result.records.kept_artifacts("predictions")) == 2  # the single answer's, too
    frame = load_iris(as_frame=True).data
    together = 0.75 * alone.predict_proba(frame) + 0.25 * other.predict_proba(frame)
    assert result.best_model().predict_proba(frame) == pytest.approx(together)
    again = score(
        kept["test_predictions"], kept["test_targets"], task="multiclass", loss="cross_entropy"
    )
    assert scored is not None and again == pytest.approx(dict(scored.scores))
    page = result.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"The test scores are those of {trial_words(sorted((first, second)))}." in page


def test_a_reference_that_predicts_no_number_has_no_scores(tmp_path: Path) -> None:
    """A linear model goes on for ever: of a row that is far off it predicts infinity."""
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(400, 2))
    inputs[7, 0] = 3e38  # a test row with this seed
    targets = inputs.clip(-5, 5) @ [5.0, 1.0]
    result = automl.search(
        (inputs, targets), n_trials=2, folds=1, max_epochs=3, workers=1, seed=2, portfolio=False,
        storage=f"sqlite:///{tmp_path}/extreme.db",
    )  # fmt: skip
    evaluation = result.records.evaluations[-1]
    assert evaluation.split == "test"
    assert evaluation.reference_scores("linear_model") == {}
    assert evaluation.scores["loss"] > 0
    result.report(tmp_path / "report.html")
    stored = load_study(result.study_name, result.storage).records
    assert stored.evaluations == result.records.evaluations

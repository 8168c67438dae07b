"""What is handed over: chosen by validation rows, stored beside what it was held against."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

import automl
from automl.options.loading import load_again
from automl.result import SearchResult
from automl.studies import load_study
from automl.training.metrics import score
from automl.training.predictions import predict
from automl.tuning import cross_fitting
from automl.tuning.answer_finding import choose_answer, chosen
from automl.tuning.answer_library import Reading
from automl.tuning.candidates import find_candidates
from automl.tuning.network_problem import NetworkProblem
from storage import open_store
from storage.answers import (
    answers_side_by_side,
    evaluation_of,
    single_answer,
    study_answer,
    trials_of,
)
from storage.records import StudyRecords
from storage.score_records import (
    AnswerKind,
    AnswerMember,
    AnswerRecord,
    CrossFitted,
    PairedDifference,
)

STUDY = "wine"


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    """Of two folds, so that all rows but test rows are validation rows."""
    folder = tmp_path_factory.mktemp("answer")
    return automl.search(
        "sklearn:wine",
        n_trials=14,
        storage=f"sqlite:///{folder}/automl.db",
        study=STUDY,
        folds=2,
        max_epochs=8,
        workers=1,
        slots=4,
        references=False,
        answer="ensemble",
    )


@pytest.fixture
def url(searched: SearchResult, tmp_path: Path) -> str:
    original = Path(searched.storage.removeprefix("sqlite:///"))
    shutil.copy(original, tmp_path / "automl.db")
    shutil.copytree(original.with_suffix(".artifacts"), tmp_path / "automl.artifacts")
    return f"sqlite:///{tmp_path}/automl.db"


def choose(url: str, wanted: str) -> StudyRecords:
    settings = load_study(STUDY, url).records.settings
    problem = NetworkProblem(settings, load_again(settings).dataset)
    with open_store(url) as store, problem.predicting() as predict:
        return choose_answer(store, problem, store.read_study(STUDY), wanted, predict)


def test_several_trials_are_handed_over_with_all_their_folds(searched: SearchResult) -> None:
    records, answer = searched.records, searched.answer
    numbers = trials_of(records, answer)
    assert answer.kind == "ensemble" and len(numbers) > 1
    assert sum(member.weight for member in answer.members) == pytest.approx(1.0)
    weights = {member.run_id: member.weight for member in answer.members}
    for number in numbers:
        first, second = (weights[run.run_id] for run in records.search_runs(number))
        assert first == second
    assert answer.n_parameters == sum(
        run.n_parameters or 0 for run in records.runs if run.run_id in weights
    )


def test_what_it_is_worth_stands_beside_the_best_trial_alone(searched: SearchResult) -> None:
    records = searched.records
    single, ensemble, *_ = answers_side_by_side(records)
    assert (single.kind, ensemble.kind) == ("single", "ensemble")
    assert study_answer(records) == ensemble == searched.answer
    assert single.members == single_answer(records, searched.best.number).members
    alone, together = single.validation, ensemble.validation
    assert alone is not None and together is not None and together.gain is not None
    assert alone.gain is None and alone.n_candidates == together.n_candidates > 2
    assert together.gain.value == pytest.approx(alone.loss - together.loss)
    assert together.low < together.loss < together.high


def test_the_answer_and_the_best_trial_are_scored_on_the_same_rows(searched: SearchResult) -> None:
    records, kept = searched.records, searched.predictions()
    assert kept is not None and searched.evaluation is not None
    again = score(
        kept["test_predictions"], kept["test_targets"], task="multiclass", loss="cross_entropy"
    )
    assert again == pytest.approx(dict(searched.evaluation.scores))
    valid = evaluation_of(records, searched.answer, "valid")
    single = single_answer(records, searched.best.number)
    alone = evaluation_of(records, single, "valid")
    assert valid is not None and alone is not None
    assert alone.scores["loss"] == pytest.approx(searched.best.value, rel=1e-3)
    folds = load_again(records.settings).dataset.folds
    assert len(kept["valid_targets"]) == sum(len(fold.valid) for fold in folds)
    assert evaluation_of(records, single, "test") is not None
    assert len(kept["test_targets"]) == len(folds[0].test)
    assert len(searched.best_model().members) == len(searched.answer.members)


def test_each_trial_is_the_mean_of_its_folds_and_chosen_by_rows_they_did_not_train_on(
    searched: SearchResult,
) -> None:
    kept, dataset = searched.predictions(), load_again(searched.records.settings).dataset
    assert kept is not None and searched.answer.kind == "ensemble"
    members = searched.best_model().members
    networks = [(one.network, one.weight) for one in members]

    def mean(split: Literal["valid", "test"], folds: tuple[int, ...]) -> NDArray[np.float64]:
        chosen = [(one, weight) for one, weight in networks if one.run.fold in folds]
        found = [
            predict(one.run, one.weights, dataset, split).double().numpy() for one, _ in chosen
        ]
        return np.average(found, axis=0, weights=[weight for _, weight in chosen])

    assert {one.run.fold for one, _ in networks} == {0, 1}
    assert kept["test_predictions"] == pytest.approx(mean("test", (0, 1)))
    out_of_fold = np.concatenate([mean("valid", (0,)), mean("valid", (1,))])
    assert kept["valid_predictions"] == pytest.approx(out_of_fold)


def test_it_is_said_in_the_report_and_as_plain_values(
    searched: SearchResult, tmp_path: Path
) -> None:
    page = searched.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "The answer is an ensemble, the weighted mean of" in page
    answer = searched.to_json()["answer"]
    assert isinstance(answer, dict) and answer["kind"] == "ensemble"
    assert isinstance(answer["held_against"], dict) and "single" in answer["held_against"]


def test_to_choose_again_changes_nothing(searched: SearchResult, url: str) -> None:
    assert choose(url, "ensemble").answers == searched.records.answers


def test_each_kind_can_be_asked_for_and_the_last_word_counts(
    searched: SearchResult, url: str
) -> None:
    alone = study_answer(choose(url, "single"))
    assert alone is not None and alone.kind == "single"
    assert alone.members == single_answer(searched.records, searched.best.number).members
    found = study_answer(choose(url, "ensemble"))
    assert found is not None and found.kind == "ensemble"
    smallest = study_answer(choose(url, "smallest"))
    assert smallest is not None
    sizes = [one.n_parameters for one in answers_side_by_side(load_study(STUDY, url).records)]
    assert smallest.n_parameters == min(size for size in sizes if size is not None)
    kind = study_answer(choose(url, "auto"))
    assert kind is not None and kind.kind in ("single", "ensemble")


def test_who_limits_networks_gets_one_unless_several_are_asked_for(url: str) -> None:
    settings = load_study(STUDY, url).records.settings
    problem = NetworkProblem(settings, load_again(settings).dataset)
    kinds = []
    with open_store(url) as store, problem.predicting() as predict:
        for wanted in ("auto", "ensemble"):
            records = store.read_study(STUDY)
            records = replace(records, settings=replace(settings, max_parameters=10**9))
            found = study_answer(choose_answer(store, problem, records, wanted, predict))
            kinds.append(None if found is None else found.kind)
    assert kinds == ["single", "ensemble"]


def test_networks_whose_files_are_gone_are_no_candidates(searched: SearchResult, url: str) -> None:
    best = single_answer(searched.records, searched.best.number)
    spared = {member.run_id for member in best.members}
    with open_store(url) as store:
        for artifact in store.artifacts.list(STUDY):
            if artifact.kind == "weights" and artifact.run_id not in spared:
                store.artifacts.path(artifact).unlink()
    found = study_answer(choose(url, "ensemble"))
    assert found is not None and (found.kind, found.members) == ("single", best.members)


def test_a_network_that_predicts_no_number_is_left_out(searched: SearchResult, url: str) -> None:
    member = searched.answer.members[-1]
    with open_store(url) as store:
        (artifact,) = (
            one
            for one in store.artifacts.list(STUDY)
            if one.kind == "weights" and one.run_id == member.run_id
        )
        arrays = {
            k: np.full_like(v, np.nan) for k, v in store.artifacts.load_weights(artifact).items()
        }
        number = artifact.trial_number
        assert number is not None and number != searched.best.number
        store.artifacts.save_weights(STUDY, number, member.run_id, arrays, artifact.details)
        store.artifacts.remove(artifact)
    records = choose(url, "ensemble")
    found = study_answer(records)
    assert found is not None and number not in trials_of(records, found)


def choose_without_time(url: str, *, is_first: bool) -> StudyRecords:
    settings = load_study(STUDY, url).records.settings
    problem = NetworkProblem(settings, load_again(settings).dataset)
    with open_store(url) as store, problem.predicting() as predict:
        records = store.read_study(STUDY)
        known = replace(records, answers=()) if is_first else records
        return choose_answer(store, problem, known, "ensemble", predict, seconds=-1.0)


def test_no_time_to_predict_leaves_the_best_trial(url: str) -> None:
    found = study_answer(choose_without_time(url, is_first=True))
    assert found is not None and found.kind == "single"


def test_a_choice_among_fewer_trials_does_not_replace_one_among_more(
    searched: SearchResult, url: str
) -> None:
    assert choose_without_time(url, is_first=False).answers == searched.records.answers


def test_a_choice_of_weights_that_are_gone_is_not_kept(searched: SearchResult, url: str) -> None:
    best = single_answer(searched.records, searched.best.number)
    (gone, *_) = (one for one in searched.answer.members if one.run_id not in _runs(best))
    with open_store(url) as store:
        for artifact in store.artifacts.list(STUDY):
            if artifact.kind == "weights" and artifact.run_id == gone.run_id:
                store.artifacts.path(artifact).unlink()
    found = study_answer(choose_without_time(url, is_first=False))
    assert found is not None and found.kind == "single"


def test_further_seeds_whose_weights_are_gone_do_not_end_a_choice_among_more_trials(
    searched: SearchResult, url: str
) -> None:
    """Theirs are other weights, which go when another trial is the best."""
    needed = {run_id for one in searched.records.answers for run_id in _runs(one)}
    (gone, *_) = (
        one for one in searched.records.kept_artifacts("weights") if one.run_id not in needed
    )
    assert gone.run_id is not None
    seeds = replace(searched.answer, kind="seeds", members=(AnswerMember(gone.run_id, 1.0),))
    with open_store(url) as store:
        store.artifacts.path(gone).unlink()
        for one in (seeds, searched.answer):
            store.add_answer(STUDY, replace(one, answer_id=-1))
    found = study_answer(choose_without_time(url, is_first=False))
    assert found is not None and found.kind == "ensemble"
    assert found.members == searched.answer.members


def test_what_the_loss_chooses_beside_a_metric_is_the_best_trial(
    searched: SearchResult, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of few rows another network has a lower loss, and none is better by the metric."""
    monkeypatch.setattr(cross_fitting, "MOST_ROWS", 16)
    settings = replace(searched.records.settings, metric="accuracy")
    problem = NetworkProblem(settings, load_again(settings).dataset)
    with open_store(url) as store, problem.predicting() as predict:
        records = replace(store.read_study(STUDY), settings=settings)
        reading = Reading(store, problem.dataset, records, predict)
        library, _ = reading.library(find_candidates(records, 32), 60.0)
        judged = reading.judged("accuracy")
        losses = {one.trial.number: judged.losses(library[one]).mean() for one in library}
        assert min(losses, key=losses.__getitem__) != searched.best.number
        records = choose_answer(store, problem, records, "single", predict, metric="accuracy")
        assert store.read_study(STUDY).settings == records.settings
        chosen_now = study_answer(records)
    assert chosen_now is not None and chosen_now.kind == "single"
    assert chosen_now.members == single_answer(searched.records, searched.best.number).members


def _runs(answer: AnswerRecord) -> set[int]:
    return {member.run_id for member in answer.members}


@pytest.mark.parametrize(("gain", "kind"), [(0.1, "ensemble"), (0.0, "single"), (-0.1, "single")])
def test_several_are_handed_over_where_they_are_better_on_unseen_rows(
    gain: float, kind: AnswerKind
) -> None:
    worth = CrossFitted(1.0, 0.9, 1.1, 0.0, 5, PairedDifference(gain, 1.0, gain - 2, gain + 2))
    members = (AnswerMember(1, 1.0),)
    answers: dict[AnswerKind, AnswerRecord] = {
        "single": AnswerRecord("single", members, 0),
        "ensemble": AnswerRecord("ensemble", members, 0, validation=worth),
    }
    assert chosen(answers, "auto") == kind
    assert chosen(answers, "ensemble") == "ensemble"
    assert chosen(answers, "smallest") == "single"  # there is none: it is the best trial
    assert chosen({"single": answers["single"]}, "auto") == "single"

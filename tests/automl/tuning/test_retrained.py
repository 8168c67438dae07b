"""Further seeds and a refit: what is trained, what is found again, what it is worth. All real."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import automl
from automl.data.refitting import with_valid_rows_to_train
from automl.executors.choosing import make_executor
from automl.options.loading import load_again
from automl.result import SearchResult
from automl.studies import load_study
from automl.training.metrics import row_values, score, value_losses
from automl.training.predictions import predict
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.planned_training import train_runs
from automl.tuning.retrained import (
    START_SECONDS,
    TIMES_LONGER,
    epochs_found,
    missing_sets,
    planned_sets,
    problem_of,
    seconds_of_sets,
    stored_sets,
)
from storage import open_store
from storage.answers import answers_side_by_side, evaluation_of, kept_weights, single_answer
from storage.score_records import N_SEEDS

STUDY = "wine"


def search(storage: str, answer: str) -> SearchResult:
    return automl.search(
        "sklearn:wine",
        n_trials=6,
        storage=storage,
        study=STUDY,
        folds=2,
        max_epochs=8,
        workers=1,
        slots=4,
        references=False,
        answer=answer,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    return search(f"sqlite:///{tmp_path_factory.mktemp('seeds')}/automl.db", "seeds")


@pytest.fixture(scope="module")
def refit(seeds: SearchResult, tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    """Asked for in a later call of the finished search."""
    return search(copied(seeds, tmp_path_factory.mktemp("refit")), "refit")


def copied(searched: SearchResult, folder: Path) -> str:
    original = Path(searched.storage.removeprefix("sqlite:///"))
    shutil.copy(original, folder / "automl.db")
    shutil.copytree(original.with_suffix(".artifacts"), folder / "automl.artifacts")
    return f"sqlite:///{folder}/automl.db"


def problem(searched: SearchResult) -> NetworkProblem:
    settings = searched.records.settings
    return NetworkProblem(settings, load_again(settings).dataset)


def test_the_best_trial_and_its_further_seeds_predict_together(seeds: SearchResult) -> None:
    records, answer, best = seeds.records, seeds.answer, seeds.best
    further = [run for run in records.runs if run.purpose == "seeds"]
    own = records.search_runs(best.number)
    assert answer.kind == "seeds" and len(further) == 2 * N_SEEDS
    assert {one.run_id for one in answer.members} == {run.run_id for run in (*own, *further)}
    assert {one.weight for one in answer.members} == {1 / (2 * (1 + N_SEEDS))}
    assert len({run.seed for run in (*own, *further)}) == len(answer.members)
    for run in further:  # as long as the trial itself
        (same,) = [one for one in own if one.fold == run.fold]
        assert len(records.epochs[run.run_id]) <= len(records.epochs[same.run_id])
    assert len(seeds.best_model().members) == len(answer.members)


def test_their_predictions_are_the_mean_and_scored_out_of_fold(seeds: SearchResult) -> None:
    kept, answer = seeds.predictions(), seeds.answer
    assert kept is not None and seeds.evaluation is not None and answer.validation is not None
    dataset, model = problem(seeds).dataset, seeds.best_model()
    networks = [member.network for member in model.members]
    test = [predict(one.run, one.weights, dataset, "test").double().numpy() for one in networks]
    assert kept["test_predictions"] == pytest.approx(np.mean(test, axis=0))
    again = score(
        kept["test_predictions"], kept["test_targets"], task="multiclass", loss="cross_entropy"
    )
    assert again == pytest.approx(dict(seeds.evaluation.scores))
    out_of_fold = [
        np.mean(
            [
                predict(one.run, one.weights, dataset, "valid").double().numpy()
                for one in networks
                if one.run.fold == fold
            ],
            axis=0,
        )
        for fold in (0, 1)
    ]
    assert kept["valid_predictions"] == pytest.approx(np.concatenate(out_of_fold))


def test_they_stand_beside_the_other_answers_with_what_they_are_worth(
    seeds: SearchResult,
) -> None:
    kept, found = seeds.predictions(), answers_side_by_side(seeds.records)
    assert kept is not None
    assert found[0].kind == "single" and found[-1] == seeds.answer
    single, worth = found[0].validation, seeds.answer.validation
    assert single is not None and worth is not None and worth.gain is not None
    assert worth.gain.value == pytest.approx(single.loss - worth.loss)
    values = row_values(
        kept["valid_predictions"], kept["valid_targets"], loss="cross_entropy", target_scale=1.0
    )
    together = float(value_losses(values, "cross_entropy").mean())
    alone = evaluation_of(seeds.records, single_answer(seeds.records, seeds.best.number), "valid")
    assert alone is not None
    assert single.loss == pytest.approx(alone.scores["loss"])  # by any four folds it is the best
    assert worth.loss == pytest.approx(together)


def test_what_is_kept_is_not_trained_again_and_what_is_gone_is_the_same_again(
    seeds: SearchResult, tmp_path: Path
) -> None:
    storage = copied(seeds, tmp_path)
    again = search(storage, "seeds")
    assert again.records.runs == seeds.records.runs and again.answer == seeds.answer
    with open_store(storage) as store:
        records = store.read_study(STUDY)
        weights = kept_weights(records)
        (gone, *_) = [run for run in records.runs if run.purpose == "seeds"]
        store.artifacts.path(weights[gone.run_id]).unlink()
        sets = planned_sets(records, problem(seeds), "seeds")
        assert missing_sets(store, records, sets) == [sets[0]]
        assert len(stored_sets(store, records, sets)) == N_SEEDS - 1
    mended = search(storage, "seeds")
    assert len(mended.records.runs) == len(seeds.records.runs) + 2  # of both folds
    before, after = seeds.predictions(), mended.predictions()
    assert before is not None and after is not None
    for name, values in before.items():
        assert (after[name] == values).all()


def test_a_refit_is_one_network_on_all_rows_but_test_rows(
    refit: SearchResult, seeds: SearchResult
) -> None:
    records, answer = refit.records, refit.answer
    (member,) = answer.members
    (run,) = [run for run in records.runs if run.purpose == "refit"]
    assert (answer.kind, member.run_id, member.weight) == ("refit", run.run_id, 1.0)
    n_epochs = epochs_found(records, refit.best.number)
    assert [one.epoch for one in records.epochs[run.run_id]] == list(range(1, n_epochs + 1))
    fold = problem(refit).dataset.folds[0]
    details = kept_weights(records)[run.run_id].details
    assert details["n_train_rows"] == len(fold.train) + len(fold.valid)
    assert load_study(STUDY, seeds.storage).answer.kind == "seeds"  # the copy alone has it


def test_a_refit_is_what_the_textbook_loop_trains_on_these_rows(refit: SearchResult) -> None:
    own = problem(refit)
    dataset = with_valid_rows_to_train(own.dataset)
    ((planned,),) = planned_sets(refit.records, own, "refit")
    numbered = planned.numbered(1)
    with make_executor(dataset, workers=1, trainer="plain") as executor:
        (ended,) = train_runs(executor, [numbered], keep="last")
    assert ended.weights is not None
    kept = refit.predictions()
    assert kept is not None and set(kept) == {"test_predictions", "test_targets"}
    expected = predict(numbered.config, ended.weights, dataset, "test").double().numpy()
    assert kept["test_predictions"] == pytest.approx(expected, abs=1e-3)
    assert refit.best_model().predict("sklearn:wine").shape == (178,)


def test_a_refit_has_no_score_but_that_of_test_rows(refit: SearchResult) -> None:
    records, answer = refit.records, refit.answer
    assert answer.validation is None and evaluation_of(records, answer, "valid") is None
    single = single_answer(records, refit.best.number)
    valid, test = (evaluation_of(records, single, split) for split in ("valid", "test"))
    assert valid is not None and test is not None and refit.evaluation is not None
    assert refit.evaluation.scores != test.scores
    found = refit.to_json()["answer"]
    assert isinstance(found, dict) and found["kind"] == "refit"
    assert isinstance(found["held_against"], dict) and found["held_against"]["refit"] is None


def test_both_are_said_in_the_report(
    seeds: SearchResult, refit: SearchResult, tmp_path: Path
) -> None:
    page = seeds.report(tmp_path / "seeds.html").read_text(encoding="utf-8")
    assert f"together with {N_SEEDS} further seeds of it" in page
    page = refit.report(tmp_path / "refit.html").read_text(encoding="utf-8")
    assert "trained again on train and validation rows for" in page


def test_the_time_it_takes_follows_from_what_the_trial_took(seeds: SearchResult) -> None:
    records, number = seeds.records, seeds.best.number
    own = [run.run_id for run in records.search_runs(number)]
    spent = sum(epoch.seconds for run_id in own for epoch in records.epochs[run_id])
    found = seconds_of_sets(records, number, "seeds", 3)
    assert found == pytest.approx(3 * TIMES_LONGER * spent)
    rows = records.settings.n_rows
    share = (rows["train"] + rows["valid"]) / rows["train"]
    found = seconds_of_sets(records, number, "refit", 1)
    assert found == pytest.approx(START_SECONDS + TIMES_LONGER * share * spent / 2)


def test_only_a_refit_has_train_rows_of_its_own(seeds: SearchResult) -> None:
    own = problem(seeds)
    assert problem_of(own, "seeds") is own
    assert problem_of(own, "refit").dataset.describe().n_rows > own.dataset.describe().n_rows
    assert planned_sets(seeds.records, own, "auto") == ()
    best = {run.fold: run for run in seeds.records.search_runs(seeds.best.number)}
    earlier = replace(
        seeds.records,
        epochs={
            best[0].run_id: seeds.records.epochs[best[0].run_id][:1],
            best[1].run_id: seeds.records.epochs[best[1].run_id][:1],
        },
    )
    assert epochs_found(earlier, seeds.best.number) == 1

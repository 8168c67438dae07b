"""What is handed over, in words and side by side."""

from __future__ import annotations

from dataclasses import replace

import pytest

from automl.diagnostics.choice import (
    NO_TIME,
    NOT_USED,
    WITHOUT_ITS_OWN,
    choice_head,
    choice_rows,
    choice_sentences,
    is_worth_it,
    scored_name,
)
from storage.answers import single_answer
from storage.call_records import PolicyRecord
from storage.records import ArtifactRecord, RunRecord, RunState, StudyRecords
from storage.score_records import (
    AnswerKind,
    AnswerMember,
    AnswerRecord,
    CrossFitted,
    EvaluationRecord,
    MetricWorth,
    PairedDifference,
)
from tests.contracts.synthetic_study import synthetic_study


def chosen(last: AnswerKind, *, luck: float = 0.004, gain: float = 0.02) -> StudyRecords:
    """A study whose answers were held against each other; the last one stands."""
    records = synthetic_study(12)
    best, second, third = (trial.number for trial in records.complete_trials[:3])
    single = replace(
        single_answer(replace(records, answers=()), best),
        answer_id=11,
        n_parameters=500,
        validation=CrossFitted(0.30, 0.28, 0.32, luck, 9),
    )
    better = PairedDifference(gain, 0.005, gain - 0.01, gain + 0.01)
    runs = [records.search_runs(number)[0].run_id for number in (best, second)]
    ensemble = AnswerRecord(
        "ensemble",
        tuple(AnswerMember(run_id, 0.5) for run_id in runs),
        best,
        12,
        900,
        CrossFitted(0.30 - gain, 0.26, 0.30, 0.001, 9, better),
    )
    smallest = AnswerRecord(
        "smallest",
        (AnswerMember(records.search_runs(third)[0].run_id, 1.0),),
        best,
        13,
        40,
        CrossFitted(0.31, 0.29, 0.33, 0.0, 9, PairedDifference(-0.01, 0.01, -0.03, 0.01)),
    )
    answers = [single, ensemble, smallest]
    ordered = sorted(answers, key=lambda one: (one.kind == last, one.kind))
    scored = EvaluationRecord(12, "test", {"loss": 0.27}, evaluated_at=9.0)
    return replace(records, answers=tuple(ordered), evaluations=(scored,))


def test_what_is_handed_over_is_said_with_its_gain() -> None:
    records = chosen("ensemble")
    first, second = sorted(trial.number for trial in records.complete_trials[:2])
    said = choice_sentences(records)
    assert said[0] == (
        f"The answer is an ensemble, the weighted mean of trials {first} and {second} "
        "(2 networks, 900 parameters)."
    )
    assert "is lower by 0.02, 95 % interval 0.01 to 0.03, than the best trial's." in said[1]


@pytest.mark.parametrize(
    ("luck", "words"),
    [
        (0.004, "flatters its validation loss by 0.004: such a choice loses so much"),
        (0.0001, "by next to nothing"),
    ],
)
def test_how_much_of_the_best_trial_is_luck(luck: float, words: str) -> None:
    said = choice_sentences(chosen("single", luck=luck))
    best = chosen("single").best_trial
    assert best is not None
    assert said[0] == f"The answer is trial {best.number}, the best, 500 parameters."
    assert words in said[-1] and f"trial {best.number} is the best of 9 trials" in said[-1]


def test_answers_stand_side_by_side_and_the_one_that_stands_is_marked() -> None:
    rows = choice_rows(chosen("smallest"))
    assert [row[0] for row in rows] == ["best trial", "ensemble", "→ smallest as good"]
    assert {len(row) for row in rows} == {len(choice_head(chosen("smallest")))}
    assert rows[1][1:] == ("2", "900", "0.2800", "0.2600 to 0.3000", "0.2700")
    assert rows[2][5] == "–"
    assert (
        "the smallest that cannot be told from the best" in choice_sentences(chosen("smallest"))[0]
    )


@pytest.mark.parametrize(("gain", "is_worth"), [(0.02, True), (0.0001, False), (-0.02, False)])
def test_an_ensemble_that_gains_next_to_nothing_is_not_worth_its_networks(
    gain: float, is_worth: bool
) -> None:
    """A thousandth of its loss, 0.28, or of its metric."""
    records = chosen("single", gain=gain)
    (ensemble,) = (one for one in records.answers if one.kind == "ensemble")
    worth = ensemble.validation
    assert worth is not None and is_worth_it(ensemble) is is_worth
    said = " ".join(choice_sentences(records))
    assert ("which is not worth its networks" in said) is (gain > 0 and not is_worth)
    over = PairedDifference(gain, 0.01, gain - 0.02, gain + 0.02)
    by_metric = replace(worth, gain=None, metric=MetricWorth("accuracy", 0.9, 0.8, 1.0, over))
    assert is_worth_it(replace(ensemble, validation=by_metric)) is is_worth
    assert not is_worth_it(replace(ensemble, validation=None))


def test_beside_answers_chosen_by_a_metric_the_smallest_is_said_to_go_by_the_loss() -> None:
    records = chosen("smallest")
    gain = PairedDifference(0.01, 0.005, 0.0, 0.02)
    answers = tuple(
        replace(
            one,
            validation=replace(one.validation, metric=MetricWorth("roc_auc", 0.8, 0.7, 0.9, gain)),
        )
        if one.validation
        else one
        for one in records.answers
    )
    by_metric = replace(records, answers=answers)
    assert [row[0] for row in choice_rows(by_metric)][-1] == "→ smallest, by loss"
    assert "cannot be told from the best by loss," in choice_sentences(by_metric)[0]


def test_nothing_is_said_where_there_was_no_choice() -> None:
    records = synthetic_study(12)
    assert choice_sentences(records) == choice_rows(records) == []
    assert choice_sentences(StudyRecords(records.settings)) == []


@pytest.mark.parametrize("asked", ["ensemble", "smallest"])
def test_an_answer_that_was_asked_for_and_not_found_is_said(asked: str) -> None:
    records = synthetic_study(12)
    best = records.best_trial
    assert best is not None
    alone = replace(records, policies=(PolicyRecord(0, "tpe", "none", answer=asked),))
    (said,) = choice_sentences(alone)
    assert f"trial {best.number}, the best" in said and "asked for" in said
    assert not choice_sentences(
        replace(records, policies=(PolicyRecord(0, "tpe", "none", answer="auto"),))
    )
    several = replace(chosen("ensemble"), policies=alone.policies)
    assert not any("asked for" in one for one in choice_sentences(several))
    found = replace(chosen("single"), policies=alone.policies)  # a later call wanted the best
    assert not any("asked for" in one for one in choice_sentences(found))
    answers = tuple(one for one in found.answers if one.kind != asked)
    assert said in choice_sentences(replace(found, answers=answers))


def test_of_many_trials_only_their_number_is_said() -> None:
    records = chosen("ensemble")
    numbers = [trial.number for trial in records.complete_trials[:8]]
    runs = [records.search_runs(number)[0].run_id for number in numbers]
    members = tuple(AnswerMember(run_id, 1 / len(runs)) for run_id in runs)
    answers = tuple(
        replace(one, members=members) if one.kind == "ensemble" else one for one in records.answers
    )
    said = choice_sentences(replace(records, answers=answers))
    assert f"the weighted mean of {len(runs)} trials ({len(runs)} networks" in said[0]


def trained_for(kind: AnswerKind, n_networks: int) -> StudyRecords:
    """A study whose answer took training of its own."""
    records = chosen("single")
    best = records.best_trial
    assert best is not None
    ids = range(901, 901 + n_networks)
    runs = tuple(RunRecord(n, best.number, kind, n, state="complete") for n in ids)
    curve = records.epochs[records.search_runs(best.number)[0].run_id][:7]
    own = [run.run_id for run in records.search_runs(best.number)] if kind == "seeds" else []
    members = tuple(AnswerMember(n, 1 / (len(own) + n_networks)) for n in [*own, *ids])
    better = PairedDifference(0.02, 0.005, 0.01, 0.03)
    worth = None if kind == "refit" else CrossFitted(0.28, 0.26, 0.30, 0.001, 9, better)
    answer = AnswerRecord(kind, members, best.number, 20, 2500, worth)
    scored = EvaluationRecord(20, "test", {"loss": 0.25}, evaluated_at=10.0)
    return replace(
        records,
        runs=(*records.runs, *runs),
        epochs={**records.epochs, **dict.fromkeys(ids, curve)},
        answers=(*records.answers, answer),
        evaluations=(*records.evaluations, scored),
    )


def test_further_seeds_are_said_with_their_gain_and_stand_beside_the_others() -> None:
    records = trained_for("seeds", 4)
    said, rows = choice_sentences(records), choice_rows(records)
    number = records.answers[-1].best_trial_number
    assert said[0] == (
        f"The answer is trial {number}, the best, together with 4 further seeds of it: the mean "
        "of 5 networks, 2,500 parameters."
    )
    assert "their loss is lower by 0.02, 95 % interval 0.01 to 0.03" in said[1]
    assert [row[0] for row in rows] == [
        "best trial",
        "ensemble",
        "smallest as good",
        "→ several seeds",
    ]
    assert rows[-1][2:] == ("2,500", "0.2800", "0.2600 to 0.3000", "0.2500")


def test_a_refit_has_no_validation_loss_and_that_is_said() -> None:
    records = trained_for("refit", 1)
    said, rows = choice_sentences(records), choice_rows(records)
    assert "trained again on train and validation rows for 7 epochs, 2,500 parameters" in said[0]
    assert "only test rows can tell" in said[1]
    assert rows[-1][0] == "→ refit on all rows"
    assert rows[-1][3:] == ("–", "–", "0.2500") and rows[0][3] == "0.3000"


@pytest.mark.parametrize("asked", ["seeds", "refit"])
@pytest.mark.parametrize(
    ("noted", "state", "cause", "words"),
    [
        (NO_TIME, None, None, "there was no time to train for it"),
        (NO_TIME, "failed", "interrupted", "there was no time to train for it"),
        (None, None, None, "nothing has been trained for it yet"),  # killed before
        (None, "failed", "interrupted", "nothing has been trained for it yet"),
        (None, "failed", "diverged", "its training has failed (the loss became infinite"),
        (None, "failed", "lost", "its training has failed (the process died"),
        (None, "complete", None, "are there, but not its own weights"),
    ],
)
def test_why_nothing_was_trained_is_said(
    asked: AnswerKind, noted: str | None, state: RunState | None, cause: str | None, words: str
) -> None:
    records = chosen("single")
    best = records.best_trial
    assert best is not None
    policies = (PolicyRecord(0, "tpe", "none", answer=asked, untrained=noted),)
    runs, artifacts = records.runs, records.artifacts
    if state is not None:
        runs = (*runs, RunRecord(901, best.number, asked, 1, state=state, cause=cause))
    if state == "complete":
        kept = ArtifactRecord("a", "answer_weights", best.number, 901, None, "w", 1, "", {})
        artifacts = (*artifacts, kept)
    said = choice_sentences(replace(records, policies=policies, runs=runs, artifacts=artifacts))
    assert any("asked for, but trial" in one and words in one for one in said)


def test_what_was_noted_of_another_trial_is_not_said_of_the_best() -> None:
    """Another process has told a better one since."""
    records = chosen("single")
    best = records.best_trial
    assert best is not None
    noted = "its training has failed (the loss became infinite)"
    for number, is_said in ((best.number, True), (best.number + 1, False)):
        policy = PolicyRecord(
            0, "tpe", "none", answer="refit", untrained=noted, untrained_trial=number
        )
        said = choice_sentences(replace(records, policies=(policy,)))
        assert any(noted in one for one in said) == is_said
        assert any("nothing has been trained for it yet" in one for one in said) != is_said


@pytest.mark.parametrize(("has_own", "words"), [(True, NOT_USED), (False, WITHOUT_ITS_OWN)])
def test_that_its_own_weights_are_missing_is_said_only_where_they_are(
    has_own: bool, words: str
) -> None:
    records = chosen("single")
    best = records.best_trial
    assert best is not None
    (own,) = records.search_runs(best.number)
    kept = [("answer_weights", 901), *([("weights", own.run_id)] if has_own else [])]
    records = replace(
        records,
        policies=(PolicyRecord(0, "tpe", "none", answer="seeds"),),
        runs=(*records.runs, RunRecord(901, best.number, "seeds", 1, state="complete")),
        artifacts=tuple(
            ArtifactRecord(kind, kind, best.number, run_id, None, "w", 1, "", {})
            for kind, run_id in kept
        ),
    )
    assert any(words in one for one in choice_sentences(records))


@pytest.mark.parametrize(
    ("noted", "cause", "why"),
    [
        (NO_TIME, "interrupted", "there was no time to train for it"),
        (None, "diverged", "its training has failed (the loss became infinite"),
        (None, "interrupted", "not all of it has been trained yet"),
    ],
)
def test_why_seeds_are_missing_is_said(noted: str | None, cause: str, why: str) -> None:
    records = trained_for("seeds", 2)
    number = records.answers[-1].best_trial_number
    policy = PolicyRecord(
        0, "tpe", "none", answer="seeds", untrained=noted, untrained_trial=number
    )
    failed = RunRecord(990, number, "seeds", 9, state="failed", cause=cause)
    records = replace(records, policies=(policy,), runs=(*records.runs, failed))
    said = [one for one in choice_sentences(records) if "asked for" in one]
    assert len(said) == 1
    assert said[0].startswith(
        f"The answer that was asked for has 4 further seeds, but 2 are there: {why}"
    )
    whole = replace(trained_for("seeds", 4), policies=(policy,))
    other = replace(records, policies=(replace(policy, answer="auto"),))
    for one in (whole, other):
        assert not any("asked for" in sentence for sentence in choice_sentences(one))


def test_an_ensemble_of_one_trial_is_called_by_that() -> None:
    """Chosen by a metric, it may come to another trial than the best alone."""
    records = chosen("ensemble")
    number = records.complete_trials[1].number
    members = (AnswerMember(records.search_runs(number)[0].run_id, 1.0),)
    answers = tuple(
        replace(one, members=members) if one.kind == "ensemble" else one for one in records.answers
    )
    alone = replace(records, answers=answers)
    assert choice_sentences(alone)[0] == (
        f"The answer is trial {number}, the only one that the ensemble is made of, 900 parameters."
    )
    assert scored_name(alone, alone.evaluations[0]) == "network"
    assert scored_name(records, records.evaluations[0]) == "ensemble"


def test_a_smallest_network_with_a_lower_loss_than_the_answer_is_named() -> None:
    records = chosen("ensemble")
    third = records.complete_trials[2].number
    lower = tuple(
        replace(one, validation=replace(one.validation, loss=0.27))
        if one.kind == "smallest" and one.validation
        else one
        for one in records.answers
    )
    said = (
        f"Trial {third}, the smallest as good, has a lower held-out loss than the answer "
        "(0.2700 against 0.2800); it is handed over with answer='smallest'."
    )

    assert said in choice_sentences(replace(records, answers=lower))
    assert not any("the smallest as good" in one for one in choice_sentences(records))


def test_one_trial_is_named_in_the_table_and_several_are_counted() -> None:
    records = chosen("ensemble")
    best, _, third = (trial.number for trial in records.complete_trials[:3])
    assert [row[1] for row in choice_rows(records)] == [f"trial {best}", "2", f"trial {third}"]

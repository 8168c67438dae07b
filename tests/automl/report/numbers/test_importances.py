"""Importances on functions whose importances are known, and on noise, which has none."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from automl.report.numbers.importances import MIN_TRIALS, Importances
from automl.report.numbers.study import study_table
from storage.records import EpochRecord, ParameterValue, RunRecord, StudyRecords, TrialRecord
from tests.contracts.synthetic_study import synthetic_study

SETTINGS = synthetic_study(1).settings
SPACE = {
    "rate": {"type": "float", "low": 1e-5, "high": 1e-1, "log": True},
    "kind": {"type": "categorical", "choices": ["a", "b", "c"]},
    "extra": {"type": "float", "low": 0.0, "high": 1.0},  # of kind c only
    **{f"idle_{i}": {"type": "float", "low": 0.0, "high": 1.0} for i in range(8)},
}
Params = dict[str, ParameterValue]


def sampled(random: np.random.Generator) -> Params:
    kind = str(random.choice(["a", "b", "c"]))
    params: Params = {"rate": float(10 ** random.uniform(-5, -1)), "kind": kind}
    if kind == "c":
        params["extra"] = float(random.random())
    return params | {f"idle_{i}": float(random.random()) for i in range(8)}


def study(
    loss: Callable[[Params, np.random.Generator], float], n_trials: int, seed: int = 0
) -> StudyRecords:
    """Trials drawn at random, of one epoch each, with losses by a function."""
    random = np.random.default_rng(seed)
    trials, runs, epochs = [], [], {}
    for number in range(n_trials):
        params = sampled(random)
        value = loss(params, random)
        trials.append(TrialRecord(number, "COMPLETE", params, value))
        runs.append(RunRecord(number, number, "search", 0, state="complete"))
        epochs[number] = (
            EpochRecord(number, 1, 1, value, value, 0.1, value, value, 0.1, 1.0, 0.1),
        )
    settings = replace(SETTINGS, space={"parameters": SPACE})
    return StudyRecords(settings, tuple(trials), tuple(runs), epochs)


def found(loss: Callable[[Params, np.random.Generator], float], n_trials: int, seed: int = 0
          ) -> Importances:  # fmt: skip
    return study_table(study(loss, n_trials, seed)).importances


def bowl(params: Params, random: np.random.Generator) -> float:
    """A bowl over the logarithm of the rate; half as much goes back to noise."""
    return 3 + (math.log10(float(params["rate"])) + 3) ** 2 + 0.5 * random.normal()  # type: ignore[arg-type]


def test_a_bowl_on_a_logarithmic_range_is_found_and_nothing_else():
    told = found(bowl, 60)
    assert [one.name for one in told.certain] == ["rate"]
    rate = told.judged[0]
    assert 0.4 < rate.low < rate.share < rate.high <= 1.0
    assert all(one.share < 0.05 for one in told.judged[1:])
    assert told.missing_because == ""


def test_no_share_is_more_than_all():
    told = found(lambda params, random: 3 + math.log10(float(params["rate"])), 60)  # type: ignore[arg-type]
    assert told.certain[0].high == 1.0


def test_shares_follow_what_each_parameter_does():
    """Additive terms whose variances stand as 4 to 1: with many trials the shares do too."""

    def loss(params: Params, random: np.random.Generator) -> float:
        rate = (math.log10(float(params["rate"])) + 3) / 2  # type: ignore[arg-type]
        return 10 + 2 * rate + 2 * (float(params["idle_0"]) - 0.5)  # type: ignore[arg-type]

    told = {one.name: one.share for one in found(loss, 400).judged}
    assert told["rate"] == pytest.approx(0.8, abs=0.12)
    assert told["idle_0"] == pytest.approx(0.2, abs=0.1)


def test_the_parameter_that_switches_another_on_gets_what_the_switch_does():
    """Kind c is bad, whatever its `extra`: that only c has it must not make it important."""
    told = found(lambda params, random: 1.0 * (params["kind"] == "c") + 0.1 * random.random(), 60)
    shares = {one.name: one.share for one in told.judged}
    assert told.judged[0].name == "kind" and shares["extra"] < 0.05


def test_a_conditional_parameter_that_matters_is_found():
    def loss(params: Params, random: np.random.Generator) -> float:
        return 5 * abs(float(params.get("extra", 0.0)) - 0.5) + 0.3 * random.random()  # type: ignore[arg-type]

    told = found(loss, 120)
    assert "extra" in {one.name for one in told.certain}


def test_noise_has_no_importances():
    told = [found(lambda params, random: random.random(), 40, seed) for seed in range(12)]
    assert sum(bool(one.judged) for one in told) <= 1  # 4 % are expected
    none = next(one for one in told if not one.judged)
    assert "cannot be told from chance" in none.missing_because
    assert set(none.names) == set(SPACE)  # the order of figures, for want of a better one


def test_too_few_trials_give_a_reason_instead():
    told = found(bowl, MIN_TRIALS - 1)
    assert told.judged == () and f"{MIN_TRIALS} are needed" in told.missing_because
    assert found(bowl, MIN_TRIALS + 10).judged[0].name == "rate"


def test_a_parameter_that_few_trials_use_is_not_judged():
    """Optuna gives it nearly everything, if the best trial happens to be among them."""
    records = study(bowl, 60)
    using = [t.number for t in records.trials if "extra" in t.params][:5]
    trials = tuple(
        t if t.number in using
        else replace(t, params={n: v for n, v in t.params.items() if n != "extra"})
        for t in records.trials
    )  # fmt: skip
    told = study_table(replace(records, trials=trials)).importances
    assert told.unjudged == ("extra",) and told.names[-1] == "extra"


def test_losses_of_pruned_trials_do_not_make_importances():
    """Half of the trials end after one epoch, with losses ten times as high: chance all of it."""
    records = synthetic_study(100)
    assert any(t.outcome == "pruned" for t in records.trials)
    told = study_table(records).importances
    assert told.n_trials == len(
        [t for t in records.trials if t.outcome in ("complete", "pruned") or t.cause == "diverged"]
    )
    assert "learning_rate" in told.names[:3]


def test_it_is_the_same_every_time():
    assert found(bowl, 40) == found(bowl, 40)


def test_equal_values_have_no_importances():
    assert found(lambda params, random: 1.0, 40).judged == ()


def test_an_enqueued_value_outside_its_range_does_not_fail():
    records = study(bowl, 40)
    odd = replace(
        records.trials[0], params={**records.trials[0].params, "rate": 99.0, "kind": "z"}
    )
    told = study_table(replace(records, trials=(odd, *records.trials[1:]))).importances
    assert set(told.names) == set(study_table(records).axes)

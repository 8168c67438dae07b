"""Are the verdicts right, and does the advice help? Measured on cases of known truth.

    python -m benchmarks.verdicts [--quick] [--json] [--seed N] [--cases FILE] [--jobs N]
    python -m benchmarks.verdicts tables FOLDER    on real tables: see `verdict_tables.py`

Cases are drawn from odd seeds; the thresholds in `automl/diagnostics/thresholds.py` were set on
even ones (`--calibrate` prints what they were set from). Right is a case whose first verdict
is the constructed one and that no other verdict contradicts. A false alarm is a healthy case
with any verdict of severity warning or problem. For the advice, the first advice of sick
cases is followed on new seeds, at equal epochs, and the loss on fresh rows compared. At last
the decomposition of `--diagnose full` is held against the truth (`verdict_decomposition.py`).
With `--log FILE` an interrupted call goes on where it was.

`--cases FILE` reads a JSON list of cases written elsewhere, each
{"truth": kind, "task", "x_train", "y_train", "x_valid", "y_valid", "x_fresh", "y_fresh",
 "trials": [params, ...], "judge": number or null for the study, "max_epochs"}.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from automl.diagnostics import diagnose_study, diagnose_trial
from automl.diagnostics.evidence import find_references, trial_facts
from automl.diagnostics.layer_signals import trial_flow
from automl.diagnostics.learning_curves import judge_fit
from automl.diagnostics.situation import Situation
from automl.investigation.advised_changes import advised_change
from benchmarks import verdict_decomposition, verdict_tables
from benchmarks.plain_space import PLAIN
from benchmarks.verdict_cases import FAMILIES
from benchmarks.verdict_figures import Outcome, print_quantities, print_tables, summarize
from benchmarks.verdict_searches import random_params, searched
from benchmarks.verdict_training import (
    Draw,
    Plan,
    Training,
    is_as_made,
    records_of,
    train,
    train_plans,
)
from benchmarks.verdict_worlds import world_of_tables
from search_spaces import load
from storage.records import Diagnosis, StudyRecords

MAX_REDRAWS = 8
NEW_SEEDS = 3
N_BEYOND = 10
"""Trials beyond a range's end, a quarter of the search's: better even so, they show an optimum."""

NO_LOSS = {"leakage", "shift", "no_signal"}
"""Following this advice makes the score honest, or asks for other data; no loss is lowered."""

COMPATIBLE = {
    ("steps_too_large", "dead_units"),
    ("steps_too_large", "diverged"),
    ("steps_too_large", "not_learning"),
    ("steps_too_large", "high_bias"),
    ("steps_too_small", "not_learning"),
    ("steps_too_small", "high_bias"),
    ("vanishing_gradients", "not_learning"),
    ("vanishing_gradients", "high_bias"),
    ("dead_units", "not_learning"),
    ("dead_units", "high_bias"),
    ("symmetric_initialization", "not_learning"),
    ("symmetric_initialization", "high_bias"),
}
"""Symptoms beside their cause: (truth, verdict that does not contradict it)."""

FIT_TRUTHS = {
    "good_fit",
    "weak_signal",
    "over_regularized",
    "high_bias",
    "high_variance",
    "high_bias_and_variance",
}
"""Truths on bias and variance: any other statement on the fit contradicts them."""

UNJUDGED = {"range_edge", "leakage", "shift"}
"""Truths about range or data say nothing on the fit, so no fit verdict contradicts them."""

CONTRADICTORY = {
    "not_learning",
    "no_signal",
    "diverged",
    "over_regularized",
    "behind_reference",
    "weak_signal",
    "high_bias",
    "high_variance",
    "high_bias_and_variance",
    "good_fit",
    "vanishing_gradients",
    "exploding_gradients",
    "dead_units",
    "saturated_units",
    "symmetric_initialization",
    "steps_too_small",
    "steps_too_large",
}
"""Kinds that are statements on the same question as the truth."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="one draw of each family")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--seed", type=int, default=1, help="first seed; odd ones are used")
    parser.add_argument("--draws", type=int, default=28, help="draws of each family")
    parser.add_argument("--families", nargs="*", choices=FAMILIES, help="only these")
    parser.add_argument("--cases", type=Path, help="a JSON file of cases written elsewhere")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--log", type=Path, help="keep judged draws here; go on from them")
    parser.add_argument("--calibrate", action="store_true", help="even seeds, and quantiles")
    parser.add_argument("--advice-draws", type=int, default=5, help="draws whose advice is tried")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    outcomes, n_redrawn = _judge_file(options.cases) if options.cases else _judge_draws(options)
    summary = summarize(outcomes, n_redrawn)
    ratios = _decomposition_ratios(options)
    summary |= verdict_decomposition.summarize(ratios)
    summary["seconds"] = round(time.monotonic() - started, 1)
    if options.json:
        print(json.dumps(summary))
        return
    print_tables(outcomes, summary)
    verdict_decomposition.print_ratios(ratios)
    if options.calibrate:
        print_quantities(outcomes)


def _decomposition_ratios(options: argparse.Namespace) -> verdict_decomposition.Ratios:
    """Only where the whole benchmark is asked for; from one data set where it must be quick."""
    if options.cases or options.families or options.calibrate:
        return {}
    torch.set_num_threads(1)
    n_data_sets = 1 if options.quick else verdict_decomposition.N_DATA_SETS
    return verdict_decomposition.measure(options.seed, n_data_sets)


def _judge_draws(options: argparse.Namespace) -> tuple[list[Outcome], int]:
    n_draws = 1 if options.quick else options.draws
    first = 2 * (options.seed // 2) + (0 if options.calibrate else 1)
    tasks = [
        (family, first + 2 * i, 1 if options.quick and i == 0 else int(i < options.advice_draws))
        for i in range(n_draws)
        for family in options.families or FAMILIES
    ]
    known = _read_log(options.log)
    outcomes: list[Outcome] = []
    n_redrawn = 0
    for task in tasks:
        if task[:2] in known:
            outcomes += known[task[:2]][0]
            n_redrawn += known[task[:2]][1]
    waiting = [task for task in tasks if task[:2] not in known]
    for task, (found, redrawn) in zip(waiting, _run(waiting, options.jobs), strict=True):
        outcomes += found
        n_redrawn += redrawn
        _append_log(options.log, task, found, redrawn)
    return outcomes, n_redrawn


def _read_log(path: Path | None) -> dict[tuple[str, int], tuple[list[Outcome], int]]:
    """Draws that an interrupted call has judged already."""
    if path is None or not path.exists():
        return {}
    known = {}
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        found = [Outcome(**one) for one in entry["outcomes"]]
        known[(entry["family"], entry["seed"])] = (found, entry["redrawn"])
    return known


def _append_log(
    path: Path | None, task: tuple[str, int, int], outcomes: Sequence[Outcome], redrawn: int
) -> None:
    if path is None:
        return
    entry = {"family": task[0], "seed": task[1], "redrawn": redrawn}
    entry["outcomes"] = [asdict(one) for one in outcomes]
    with path.open("a") as file:
        file.write(json.dumps(entry) + "\n")


def _run(tasks: Sequence[tuple[str, int, int]], jobs: int) -> Iterator[tuple[list[Outcome], int]]:
    torch.set_num_threads(1)
    if jobs <= 1:
        yield from map(judge_draw, tasks)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(judge_draw, tasks)


def judge_draw(task: tuple[str, int, int]) -> tuple[list[Outcome], int]:
    """Draw, train and judge one draw of a family; follow its advice if asked to."""
    torch.set_num_threads(1)
    family, seed, follows_advice = task
    for attempt in range(MAX_REDRAWS):
        generator = np.random.default_rng([seed, attempt, *map(ord, family)])
        draw = FAMILIES[family](generator)
        trainings = train_plans(draw)
        if _is_as_made(draw, trainings):
            outcomes = list(judge(draw, trainings, seed, follows_advice=bool(follows_advice)))
            return outcomes, attempt
    return [], MAX_REDRAWS


def judge(
    draw: Draw, trainings: Sequence[Training], seed: int, *, follows_advice: bool
) -> Iterator[Outcome]:
    """The outcome of every trial with a known truth, and of the study if it has one."""
    records = records_of(draw, trainings)
    for number, plan in enumerate(draw.plans):
        if plan.truth is None:
            continue
        diagnoses = diagnose_trial(records, number)
        outcome = _outcome(draw, seed, plan.truth, diagnoses)
        outcome = replace(outcome, quantities=_quantities(records, number))
        if follows_advice and outcome.is_sick:
            outcome = _follow(draw, plan, diagnoses[0], outcome)
        yield outcome
    if draw.study_truth:
        diagnoses = diagnose_study(records)
        outcome = _outcome(draw, seed, draw.study_truth, diagnoses)
        if follows_advice and outcome.is_sick and draw.study_truth not in NO_LOSS:
            outcome = _search_again(draw, trainings, diagnoses[0], outcome)
        yield outcome


def _is_as_made(draw: Draw, trainings: Sequence[Training]) -> bool:
    pairs = list(zip(draw.plans, trainings, strict=True))
    if draw.study_truth in ("good_fit", "range_edge"):
        best, training = min(pairs, key=lambda pair: _best_valid_loss(pair[1]))
        world = draw.worlds[0]
        if draw.study_truth == "good_fit":
            return is_as_made(replace(best, truth="good_fit"), training, world)
        learnable = world.baseline_loss - world.noise_loss
        missing = training.fresh_loss - world.noise_loss
        gain = training.fresh_loss - _loss_beyond(draw)
        return missing > 0.25 * learnable and gain > 0.05 * learnable
    return all(is_as_made(plan, done, draw.worlds[plan.world]) for plan, done in pairs)


def _loss_beyond(draw: Draw) -> float:
    """The fresh loss of the best of a few trials beyond the end that the range has."""
    generator = np.random.default_rng(draw.plans[0].seed)
    tried = [(random_params(generator, draw.beyond, draw.fixed), i) for i in range(N_BEYOND)]
    done = train(draw.worlds[0], tried, max_epochs=draw.max_epochs, patience=draw.patience)
    return min(done, key=_best_valid_loss).fresh_loss


def _best_valid_loss(training: Training) -> float:
    return min((e.valid_loss for e in training.epochs if e.is_finite), default=math.inf)


def _outcome(draw: Draw, seed: int, truth: str, diagnoses: Sequence[Diagnosis]) -> Outcome:
    first = diagnoses[0]
    verdict = first.kind
    if truth == "range_edge" and verdict == truth and first.evidence["parameter"] != draw.edge:
        verdict = f"range_edge of {first.evidence['parameter']}"
    contradictions = [one.kind for one in diagnoses if _contradicts(truth, one.kind)]
    alarms = [one.kind for one in diagnoses if one.severity in ("warning", "problem")]
    return Outcome(
        draw.family,
        seed,
        truth,
        verdict,
        contradictions[0] if contradictions else None,
        tuple(alarms),
    )


def _contradicts(truth: str, kind: str) -> bool:
    if kind == truth or truth in UNJUDGED or kind not in CONTRADICTORY:
        return False
    if truth not in FIT_TRUTHS:
        # A cause may stand beside a fit verdict, but not beside another cause.
        fits = {"not_learning", "diverged", "high_bias", "high_bias_and_variance", "good_fit"}
        fits |= {"over_regularized", "weak_signal"}
        return kind not in fits and (truth, kind) not in COMPATIBLE
    return True


def _follow(draw: Draw, plan: Plan, diagnosis: Diagnosis, outcome: Outcome) -> Outcome:
    """Train the changed and the unchanged configuration on new seeds; compare fresh losses."""
    if not diagnosis.advice:
        return replace(outcome, advice="none given", improvement=0.0)
    world = draw.worlds[plan.world]
    space = load("mlp").for_task(world.dataset.task).narrow(PLAIN)
    change = advised_change(diagnosis.kind, diagnosis.advice[0], plan.params, space)
    if change is None:
        return replace(outcome, advice=diagnosis.advice[0].text, improvement=0.0)
    seeds = [plan.seed + i + 1 for i in range(NEW_SEEDS)]
    tried = [(params, seed) for params in (plan.params, change.params) for seed in seeds]
    done = train(world, tried, max_epochs=draw.max_epochs, patience=draw.max_epochs)
    losses = [training.fresh_loss for training in done]
    before, after = losses[:NEW_SEEDS], losses[NEW_SEEDS:]
    return replace(outcome, advice=change.label, improvement=_improvement(before, after))


def _search_again(
    draw: Draw, trainings: Sequence[Training], diagnosis: Diagnosis, outcome: Outcome
) -> Outcome:
    """Repeat a random search in the widened range, with as many trials and epochs."""
    if diagnosis.kind != "range_edge" or draw.edge is None:
        return replace(outcome, advice="none on the range", improvement=0.0)
    change = diagnosis.advice[0].changes[0]
    low, high = (float(end) for end in change.set.split(".."))
    ranges = searched(change.parameter, (low, high, change.parameter != "hidden_size"))
    generator = np.random.default_rng([outcome.seed, 7])
    plans = [
        Plan(random_params(generator, ranges, draw.fixed), seed=i) for i in range(len(trainings))
    ]
    again = train_plans(replace(draw, plans=tuple(plans)))
    before, after = (min(tried, key=_best_valid_loss).fresh_loss for tried in (trainings, again))
    label = f"{change.parameter}={change.set}"
    return replace(outcome, advice=label, improvement=_improvement([before], [after]))


def _improvement(before: Sequence[float], after: Sequence[float]) -> float:
    old, new = float(np.mean(before)), float(np.mean(after))
    if not math.isfinite(old):
        return 1.0 if math.isfinite(new) else 0.0
    return 1 - new / old if math.isfinite(new) else -math.inf


def _quantities(records: StudyRecords, number: int) -> dict[str, float]:
    """What thresholds are set on."""
    facts = trial_facts(records, number)
    if facts is None:
        return {}
    situation = Situation(records.settings, records.trials[number])
    fit = judge_fit(facts, find_references(records, number), situation)
    flow = trial_flow(records, number)
    baseline = fit.references.baseline_loss
    learnable = baseline - fit.reference.loss if fit.reference else math.nan
    learned = max(baseline - facts.train_loss, 1e-9)
    return {
        "lost share": fit.lost_share,
        "lost share - 2 se": fit.lost_share - 2 * facts.valid_noise / learned,
        "bias share": fit.bias / learnable,
        "rise share": facts.rise / max(baseline - facts.valid_loss, 1e-9),
        "not learned": facts.lowest_train_loss / baseline,
        "roughness": facts.roughness,
        "climb": facts.climb / baseline,
        "last train progress": facts.last_train_progress,
        "update ratio": flow.update_ratio if flow else math.nan,
        "input ratio": flow.input_ratio if flow else math.nan,
        "dead": flow.dead_at_end if flow else math.nan,
        "saturated": flow.saturated_at_end if flow else math.nan,
    }


def _judge_file(path: Path) -> tuple[list[Outcome], int]:
    """Train and judge cases written elsewhere."""
    torch.set_num_threads(1)
    outcomes: list[Outcome] = []
    for number, case in enumerate(json.loads(path.read_text())):
        judged, truth = case.get("judge"), str(case["truth"])
        plans = tuple(
            Plan(params, truth if place == judged else None, seed=number)
            for place, params in enumerate(case["trials"])
        )
        draw = Draw(
            str(case.get("name", path.name)),
            (world_of_tables(case),),
            plans,
            int(case["max_epochs"]),
            int(case.get("patience", case["max_epochs"])),
            study_truth=truth if judged is None else None,
            edge=case.get("edge"),
            space=case.get("space", {}),
            target_error=case.get("target_error"),
        )
        trainings = train_plans(draw)
        outcomes += judge(draw, trainings, number, follows_advice=True)
    return outcomes, 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["tables"]:
        verdict_tables.main(sys.argv[2:])
    else:
        main()

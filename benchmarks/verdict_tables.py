"""Are the verdicts right on real tables? Networks made bad on purpose, and default searches.

    python -m benchmarks.verdicts tables FOLDER [--seed N] [--only NAME ...] [--json FILE]

FOLDER holds the CSV files that `table_sources.py` names. Each case (`table_cases.py`) is a
search as a person would call it; right is one whose first verdict is among those that runs of
mended configurations allow (`table_truths.py`). Beside it stands whether "good fit" is said
anywhere of a network behind a reference on test rows: that must not happen. Thresholds may
be set with even seeds; odd ones are for figures that are reported.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from automl.api import start_search
from automl.data import SplitOptions, load_dataset
from automl.data.dataset import Dataset
from automl.diagnostics.standing import standing
from automl.diagnostics.study_verdict import fit_verdict
from automl.investigation.advised_changes import advised_change
from automl.options.search_options import SearchOptions
from automl.result import SearchResult
from automl.tuning import references
from automl.tuning.planned_runs import best_configuration, study_space
from benchmarks.table_cases import Case, all_cases
from benchmarks.table_runs import Params
from benchmarks.table_sources import SOURCES, Source, Tables, read_table
from benchmarks.table_truths import Found, Truth, find_truth
from benchmarks.verdict_figures import wilson
from storage.records import Diagnosis, Json

MOST_LENGTH = 58  # of a case's name in a column


@dataclass(frozen=True, slots=True)
class Judged:
    """One case with what was said of it and what is true."""

    name: str
    kind: str
    expected: tuple[str, ...]
    verdict: str  # the first; of a range: with its parameter
    verdicts: tuple[str, ...]  # all, in order
    standing: str  # on test rows, by the benchmark's own references
    best_reference: str
    told_standing: str  # what the product says of the same
    lead_errors: float
    seconds: float  # of this process, so that neighbours on the machine do not count
    figures: dict[str, float] = field(default_factory=dict)
    said: str = ""
    evidence: dict[str, Json] = field(default_factory=dict)  # of the verdict on the fit
    params: dict[str, Json] = field(default_factory=dict)  # that were searched, of the best

    @property
    def is_right(self) -> bool:
        """Whether the first verdict is one of those that are true."""
        return self.verdict in self.expected

    @property
    def praises_the_worse(self) -> bool:
        """Whether a good fit is said of a network that a reference is certainly better than."""
        return self.standing == "worse" and "good_fit" in self.verdicts


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.verdicts tables", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("folder", type=Path, help="of CSV files")
    parser.add_argument("--seed", type=int, default=1, help="odd for figures, even for thresholds")
    parser.add_argument("--only", nargs="*", default=[""], help="cases with this in their names")
    parser.add_argument("--json", type=Path, help="a file for everything that is known")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    # Whether there are boosted trees must not depend on who else is on the machine.
    references.BEGIN_AFTER = math.inf
    logging.getLogger("automl").setLevel(logging.ERROR)
    judged: list[Judged] = []
    for case in all_cases():
        if any(words in case.name for words in options.only):
            judged.append(judge(case, options.folder, options.seed))
            print(line(judged[-1]), flush=True)
            if options.json:
                _write(options.json, options.seed, judged)
    print_summary(judged)


def judge(case: Case, folder: Path, seed: int) -> Judged:
    """Search, see what is said, and find out what is true."""
    started = time.process_time()
    source = SOURCES[case.table]
    generator = np.random.default_rng([seed, *map(ord, case.name)])
    table = read_table(folder, case.table)
    damaged, undamaged = case.damage(table, source, case.n_rows, generator)
    with tempfile.TemporaryDirectory() as place:
        result, dataset = search(damaged, source, case, seed, Path(place))
        kept = result.predictions() or {}
    predicted = [kept.get(f"{rows}_predictions") for rows in ("test", "valid")]
    test, valid = (None if one is None else np.asarray(one, dtype=float) for one in predicted)
    healthy = _load(undamaged, source, seed) if undamaged else None
    found = Found(result.records, (test, valid), verdict_of(result.diagnoses[0]), _claim(result))
    truth = find_truth(case, found, dataset, healthy)
    return _judged(case, result, truth, time.process_time() - started)


def search(
    tables: Tables, source: Source, case: Case, seed: int, place: Path
) -> tuple[SearchResult, Dataset]:
    """The search as a person would call it, in this process."""
    options = SearchOptions(
        target=source.target,
        task=source.task,
        valid=tables.valid,
        test=tables.test,
        set=_chosen(case, source),
        seed=seed,
        split_seed=seed,
        storage=f"sqlite:///{place / 'tables.db'}",
        workers=1,
        **case.options,
    )
    with start_search(tables.study, options) as session:
        for _ in session:
            pass
        return session.result(), session.call.problem.dataset


def _chosen(case: Case, source: Source) -> list[str]:
    """What `--set` is given; there is no smoothing of a quantity."""
    settings = dict(case.settings or {})
    if source.is_quantity:
        settings.pop("label_smoothing", None)
    return [f"{name}={value}" for name, value in settings.items()]


def _load(tables: Tables, source: Source, seed: int) -> Dataset:
    splits = SplitOptions(valid=tables.valid, test=tables.test, split_seed=seed)
    target, task = source.target, source.task
    return load_dataset(tables.study, target=target, task=task, splits=splits).dataset


def _claim(result: SearchResult) -> Params | None:
    """What a verdict on a range says is better, to be tried: a value beyond its end."""
    first, settings = result.diagnoses[0], result.records.settings
    if first.kind != "range_edge" or not first.advice:
        return None
    _, params = best_configuration(result.records)
    change = advised_change(first.kind, first.advice[0], params, study_space(settings))
    return change.changed if change else None


def _judged(case: Case, result: SearchResult, truth: Truth, seconds: float) -> Judged:
    diagnoses = result.diagnoses
    fit = fit_verdict(diagnoses) or diagnoses[0]
    best = result.records.best_trial
    return Judged(
        case.name,
        case.kind,
        tuple(sorted(truth.expected)),
        verdict_of(diagnoses[0]),
        tuple(one.kind for one in diagnoses),
        truth.standing,
        truth.best_reference,
        standing(result.records).kind,
        round(truth.lead_errors, 2),
        round(seconds, 1),
        truth.figures,
        diagnoses[0].message,
        dict(fit.evidence),
        dict(best.params) if best else {},
    )


def verdict_of(diagnosis: Diagnosis) -> str:
    """The kind; of a range's end with the parameter, since another's would be no answer."""
    if diagnosis.kind != "range_edge":
        return diagnosis.kind
    return f"range_edge of {diagnosis.evidence['parameter']}"


def line(one: Judged) -> str:
    """One case in one line."""
    mark = "right" if one.is_right else "WRONG"
    praise = "  GOOD FIT BEHIND A REFERENCE" if one.praises_the_worse else ""
    beside = f"{one.standing.replace('_', ' ')} than {one.best_reference.replace('_', ' ')}"
    return (
        f"{mark} {one.name:{MOST_LENGTH}s} {one.verdict:26s} of {', '.join(one.expected)}; "
        f"{beside} by {abs(one.lead_errors):.1f} standard errors, {one.seconds:.0f} s{praise}"
    )


def print_summary(judged: Sequence[Judged]) -> None:
    """Shares of right verdicts by kind, then over all."""
    groups: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        groups[one.kind].append(one)
    print(f"\n{'kind':28s} {'cases':>5s}  right (95 % interval)")
    for kind, members in [*groups.items(), ("all", list(judged))]:
        right, n = sum(one.is_right for one in members), len(members)
        low, high = wilson(right, n)
        print(f"{kind:28s} {n:5d}  {right / max(n, 1):6.1%} ({low:.1%} to {high:.1%})")
    for name, value in summarize(judged).items():
        print(f"{name}: {value}")


def summarize(judged: Sequence[Judged]) -> dict[str, Any]:
    """The figures that are reported."""
    right = sum(one.is_right for one in judged)
    return {
        "tables.n_cases": len(judged),
        "tables.n_tables": len({one.name.split("/")[1] for one in judged}),
        "tables.accuracy": round(right / max(len(judged), 1), 4),
        "tables.good_fit_behind_a_reference": sum(one.praises_the_worse for one in judged),
        "tables.seconds": round(sum(one.seconds for one in judged), 1),
    }


def _write(path: Path, seed: int, judged: Sequence[Judged]) -> None:
    cases = [asdict(one) | {"is_right": one.is_right} for one in judged]
    content = {"seed": seed, "summary": summarize(judged), "cases": cases}
    path.write_text(json.dumps(content, indent=1, default=str) + "\n")

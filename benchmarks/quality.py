"""How good the answer is: test loss of this project beside its peers on the same rows.

    python -m benchmarks.quality --data FOLDER [--tables NAME[:TARGET],...] [--budget 60]
        [--seeds 1] [--peers FOLDER] [--checkout NAME=FOLDER] [--sides NAME,...]
        [--results FILE.jsonl] [--json]

FOLDER has tables as CSV files. Of each a fifth are test rows (`quality_tables.py`); every side
(`quality_sides.py`) gets the other rows, the budget and the cores there are, and is scored by one
function on what it predicts (`quality_scores.py`).

Told are all losses, and of each side: on how many tables the answer has the lower loss, the
answer's loss over the side's (geometric mean with its 95 % interval, the unit a table), the same
of the error, and the mean rank. A side that fails on a table is said, and is the last there.

Runs are appended to the file of --results, and those that it has are not run again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import statistics
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.loss_ratios import log_ratio, mean_ratio
from benchmarks.quality_scores import read_score
from benchmarks.quality_sides import Ours, Side, peers
from benchmarks.quality_tables import make_table, names_in

ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one side came to on one table; infinite losses where it failed."""

    table: str
    seed: int
    side: str
    budget: float
    loss: float
    error: float
    seconds: float

    @property
    def key(self) -> tuple[str, int, str, float]:
        """What was run."""
        return self.table, self.seed, self.side, self.budget


def read_results(path: Path | None) -> list[Outcome]:
    """The runs that an earlier call has finished."""
    if path is None or not path.exists():
        return []
    return [Outcome(**json.loads(line)) for line in path.read_text().splitlines()]


def run_all(
    tables: Tables, sides: Sequence[Side], seeds: int, budget: float, results: Path | None
) -> list[Outcome]:
    """Run what a file of results has not yet; one table after the other, all its sides."""
    known = {one.key: one for one in read_results(results)}
    outcomes = []
    for seed, asked, side in itertools.product(range(seeds), tables.asked, sides):
        name = asked.partition(":")[0]
        keys = [(name, seed, one, budget) for one in side.names]
        if not all(key in known for key in keys):
            made = run_one(tables.folder, asked, side, seed, budget)
            known.update({one.key: one for one in made})
            if results is not None:
                with results.open("a") as file:
                    file.writelines(json.dumps(asdict(one)) + "\n" for one in made)
        outcomes += [known[key] for key in keys]
    return outcomes


def run_one(folder: Path, asked: str, side: Side, seed: int, budget: float) -> list[Outcome]:
    """Run one side on one table: what each thing that it offers came to."""
    name = asked.partition(":")[0]
    with tempfile.TemporaryDirectory() as place:
        table = make_table(folder, asked, seed, Path(place))
        try:
            told = side.run(table, seed, Path(place))
            scores = {one: read_score(told.files[one], table) for one in side.names}
        except (RuntimeError, ValueError) as error:
            print(f"{name}, {side.names[0]}: {error}", file=sys.stderr)
            lost = math.inf, math.inf, math.nan
            return [Outcome(name, seed, one, budget, *lost) for one in side.names]
    return [
        Outcome(name, seed, one, budget, score.loss, score.error, told.seconds)
        for one, score in scores.items()
    ]


@dataclass(frozen=True, slots=True)
class Beside:
    """The answer beside one other side, over tables that both were run on."""

    side: str
    n_tables: int
    n_better: int
    ratio: float
    low: float
    high: float
    error_ratio: float
    rank: float


def losses(outcomes: Iterable[Outcome], kind: str = "loss") -> dict[str, dict[str, float]]:
    """Of each table the loss of each side: the mean over seeds."""
    every: dict[str, dict[str, list[float]]] = {}
    for one in outcomes:
        every.setdefault(one.table, {}).setdefault(one.side, []).append(getattr(one, kind))
    return {
        table: {side: statistics.fmean(each) for side, each in sides.items()}
        for table, sides in every.items()
    }


def ranks(of_table: Mapping[str, float]) -> dict[str, float]:
    """Of each side on a table, from 1; equal losses share the mean of their ranks."""
    ordered = sorted(of_table.values())
    return {
        side: ordered.index(loss) + (ordered.count(loss) + 1) / 2
        for side, loss in of_table.items()
    }


def beside(outcomes: Sequence[Outcome], side: str, first: str = ANSWER) -> Beside:
    """The first side, the answer, beside another. Where either failed there is no ratio."""
    by_table, errors = losses(outcomes), losses(outcomes, "error")
    both = {table: each for table, each in by_table.items() if {first, side} <= each.keys()}
    ended = [
        table
        for table, each in both.items()
        if math.isfinite(each[first]) and math.isfinite(each[side])
    ]
    logs = [log_ratio(both[table][first], both[table][side]) for table in ended]
    error_logs = [log_ratio(errors[table][first], errors[table][side]) for table in ended]
    ratio = mean_ratio(logs)
    return Beside(
        side,
        len(both),
        sum(each[first] < each[side] for each in both.values()),
        ratio.mean,
        ratio.low,
        ratio.high,
        mean_ratio(error_logs).mean,
        statistics.fmean(ranks(each)[side] for each in both.values()) if both else math.nan,
    )


def print_tables(outcomes: Sequence[Outcome], sides: Sequence[str]) -> None:
    """The loss of each side on each table, the least marked."""
    print(f"{'test loss':24}" + "".join(f"{side:>15}" for side in sides))
    for table, each in losses(outcomes).items():
        least = min(each.values())
        cells = [f"{each[side]:.4f}{'*' if each[side] == least else ' '}" for side in sides]
        print(f"{table:24}" + "".join(f"{cell:>15}" for cell in cells))


def print_beside(outcomes: Sequence[Outcome], sides: Sequence[str]) -> None:
    """What comes of it."""
    mean_rank = statistics.fmean(ranks(each)[ANSWER] for each in losses(outcomes).values())
    print(f"\nmean rank of the answer: {mean_rank:.2f} of {len(sides)}")
    for side in sides:
        if side == ANSWER:
            continue
        found = beside(outcomes, side)
        print(
            f"answer beside {side}: better on {found.n_better} of {found.n_tables} tables; loss "
            f"{found.ratio:.3f} times ({found.low:.3f} to {found.high:.3f}), error "
            f"{found.error_ratio:.3f} times; its mean rank {found.rank:.2f}"
        )


@dataclass(frozen=True, slots=True)
class Tables:
    """A folder and which of its tables are asked for, as NAME or NAME:TARGET."""

    folder: Path
    asked: Sequence[str]


def sides_of(options: argparse.Namespace) -> list[Side]:
    """The sides that are asked for."""
    timeout = "--timeout", f"{options.budget:g}s"
    sides: list[Side] = [Ours(ANSWER, timeout), Ours("untuned", ("--n-trials", "1"))]
    for text in options.checkout:
        name, _, folder = text.partition("=")
        sides.append(Ours(name, timeout, Path(folder).resolve()))
    sides += peers(options.peers, options.budget)
    if options.sides is None:
        return sides
    asked = options.sides.split(",")
    if unknown := set(asked) - {side.name for side in sides}:
        raise SystemExit(f"--sides are some of {[s.name for s in sides]}, but got {unknown}")
    return [side for side in sides if side.name in asked]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder of CSV files")
    parser.add_argument("--tables", help="names, by commas, or NAME:TARGET; default: all")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds of each side")
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--peers", type=Path, help="a folder of environments")
    parser.add_argument("--checkout", action="append", default=[], help="NAME=FOLDER")
    parser.add_argument("--sides", help="names, by commas; default: all there are")
    parser.add_argument("--results", type=Path, help="file of runs, which is gone on with")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    folder = options.data.resolve()
    asked = options.tables.split(",") if options.tables else names_in(folder)
    if unknown := {one.partition(":")[0] for one in asked} - set(names_in(folder)):
        parser.error(f"--tables are some of {names_in(folder)}, but got {sorted(unknown)}")
    sides = sides_of(options)
    outcomes = run_all(
        Tables(folder, asked), sides, options.seeds, options.budget, options.results
    )
    names = [name for side in sides for name in side.names]
    if options.json:
        others = [name for name in names if name != ANSWER] if ANSWER in names else []
        told = [asdict(beside(outcomes, name)) for name in others]
        print(json.dumps({"tables": losses(outcomes), "beside": told}))
        return
    print_tables(outcomes, names)
    if ANSWER in names:
        print_beside(outcomes, names)


if __name__ == "__main__":
    main()

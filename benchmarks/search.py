"""A whole search beside an expert's, from the command to its end, on the cores there are.

    python -m benchmarks.search [--seconds 20] [--data SOURCE ...] [--seeds 0,1] [--json]
    python -m benchmarks.search --profile-only [--trials N]

SOURCE is `sklearn:NAME`, `synthetic:ROWS`, or a CSV file: `FILE:COLUMN` names its target, else
the last column is it. Both sides read the same train and validation rows, in turns:

    ours      `cli.py search`, with its processes' stacks sampled (search_parts.py)
    expert    Optuna, one process per core, tensors in memory (expert_search.py)

Epochs of large tables may be parts of a pass through the rows: what is compared are passes.
Losses are validation losses of any epoch of any trial, when they were known.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import search_expert, search_ours
from benchmarks.search_ours import Effort, Searched
from benchmarks.search_parts import PHASES, TRAINING, Profile
from benchmarks.search_results import Found, Sizes, arithmetic, mean_sizes
from benchmarks.search_tables import Table, make_table

DATA = ("sklearn:digits", "synthetic:20000", "synthetic:100000")
SHARES = (0.2, 0.35, 0.5, 0.75, 1.0)
"""When the best loss is printed, as shares of the whole time."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Both searches of a table with one seed."""

    table: Table
    sizes: Sizes
    seconds: float
    ours: Searched
    expert: Found

    def numbers(self) -> Mapping[str, float]:
        """What is compared; ratios are ours by the expert's, infinite where that has none."""
        ours, expert = self.ours.found, self.expert
        weights, updates = mean_sizes(ours, self.sizes)
        expert_weights, expert_updates = mean_sizes(expert, self.sizes)
        return {
            "epochs_vs_expert": _ratio(ours.passes, expert.passes),
            "trials_vs_expert": _ratio(ours.n_begun, expert.n_begun),
            "arithmetic_vs_expert": _ratio(
                arithmetic(ours, self.sizes), arithmetic(expert, self.sizes)
            ),
            "drawn_weights_vs_expert": _ratio(weights, expert_weights),
            "drawn_updates_vs_expert": _ratio(updates, expert_updates),
            "training_share": self.ours.profile.share(TRAINING),
            "loss": ours.loss,
            "expert_loss": expert.loss,
            "seconds_to_expert_loss_ratio": ours.seconds_to(expert.loss) / self.seconds,
            "first_trial_seconds": self.ours.profile.first_training,
        }


def _ratio(ours: float, expert: float) -> float:
    return ours / expert if expert else math.inf


def compare(table: Table, seconds: float, seed: int, folder: Path, *, ours_first: bool) -> Pair:
    """Search a table once with each side."""
    place = folder / f"{table.name}-{seed}"
    if ours_first:
        ours = search_ours.search(table, Effort(seconds), seed, place / "ours")
    expert, sizes = search_expert.search(table, seconds, seed, place / "expert")
    if not ours_first:
        ours = search_ours.search(table, Effort(seconds), seed, place / "ours")
    return Pair(table, sizes, seconds, ours, expert)


def summarize(pairs: Sequence[Pair]) -> dict[str, float | None]:
    """Medians over seeds by table, and over all; None where the median is no number."""
    medians: dict[str, float] = {}
    for name in dict.fromkeys(pair.table.name for pair in pairs):
        numbers = [pair.numbers() for pair in pairs if pair.table.name == name]
        for key in numbers[0]:
            medians[f"{name}.{key}"] = median(each[key] for each in numbers)
    for key in ("seconds_to_expert_loss_ratio", "first_trial_seconds"):
        medians[key] = median(pair.numbers()[key] for pair in pairs)
    return {key: value if math.isfinite(value) else None for key, value in medians.items()}


def print_pair(pair: Pair, seed: int) -> None:
    """One table: both sides, and the parts of ours."""
    times = [share * pair.seconds for share in SHARES]
    print(
        f"\n{pair.table.name}, seed {seed}: {pair.sizes.n_rows:,} train rows, "
        f"{pair.sizes.n_inputs} columns, {pair.seconds:g} s"
    )
    heads = " ".join(f"{f'at {at:g} s':>9}" for at in times)
    print(
        f"  {'':7} {'trials':>6} {'complete':>8} {'epochs':>7} {'passes':>8} {'weights':>8} "
        f"{'updates':>8}   best loss {heads}"
    )
    for side, found in (("ours", pair.ours.found), ("expert", pair.expert)):
        weights, updates = mean_sizes(found, pair.sizes)
        losses = " ".join(f"{found.loss_at(at):9.4f}" for at in times)
        print(
            f"  {side:7} {found.n_begun:6} {found.n_complete:8} {found.n_epochs:7} "
            f"{found.passes:8.1f} {weights:8.0f} {updates:8.0f}             {losses}"
        )
    reached = pair.ours.found.seconds_to(pair.expert.loss)
    when = f"after {reached:.1f} s" if math.isfinite(reached) else "not reached"
    print(f"  the expert's last loss: {when}. {pair.ours.headline}")


def print_profile(profile: Profile) -> None:
    """Core-seconds by part, and what of them is processor time between start and end."""
    total = sum(profile.core_seconds.values())
    used = total - sum(profile.core_seconds[part] for part in PHASES)
    for part, seconds in profile.core_seconds.items():
        of_used = "" if part in PHASES else f"  {seconds / used:6.1%} of the time used between"
        print(f"  {part:14} {seconds:7.2f} core-s {seconds / total:6.1%}{of_used}")
    print(
        f"  first training after {profile.first_training:.1f} s; "
        f"{profile.missed:.2f} processor seconds in no sample"
    )


def print_functions(profile: Profile, n_functions: int = 15) -> None:
    """The functions that take most processor time in each phase."""
    for phase in ("start", "", "end"):
        seconds = {
            (part, name): used
            for (part, name), used in profile.functions.items()
            if (part if part in PHASES else "") == phase
        }
        total = sum(seconds.values())
        print(f"  {phase or 'between'}: {total:.2f} processor seconds, of which")
        for (part, name), used in sorted(seconds.items(), key=lambda item: -item[1])[:n_functions]:
            print(f"    {used / total:6.1%} {part}: {name}")


def profile_only(tables: Sequence[Table], effort: Effort, folder: Path) -> None:
    """Our side alone, with the functions that take most."""
    for table in tables:
        searched = search_ours.search(table, effort, 0, folder / table.name)
        found = searched.found
        print(
            f"{table.name}: {found.n_begun} trials, {found.n_complete} complete, "
            f"{found.n_epochs} epochs, {found.passes:.0f} passes, loss {found.loss:.4f} "
            f"in {found.seconds:.1f} s"
        )
        print_profile(searched.profile)
        print_functions(searched.profile)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--data", nargs="+", default=DATA)
    parser.add_argument("--seeds", default="0,1", help="of both sides' draws")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--profile-only", action="store_true", help="without the expert's loop")
    parser.add_argument(
        "--trials", type=int, default=1_000_000, help="of a profile, for a busy machine"
    )
    arguments = parser.parse_args()
    stdout = sys.stdout
    if arguments.json:
        sys.stdout = sys.stderr
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables = [make_table(source, folder / "tables") for source in arguments.data]
        if arguments.profile_only:
            profile_only(tables, Effort(arguments.seconds, arguments.trials), folder)
            return
        pairs = []
        for turn, seed in enumerate(int(text) for text in arguments.seeds.split(",")):
            for table in tables:
                pair = compare(table, arguments.seconds, seed, folder, ours_first=turn % 2 == 0)
                print_pair(pair, seed)
                print_profile(pair.ours.profile)
                pairs.append(pair)
    numbers = summarize(pairs)
    print()
    for key, value in numbers.items():
        print(f"{key:48} {'null' if value is None else f'{value:.3f}'}")
    if arguments.json:
        print(json.dumps(numbers), file=stdout)


if __name__ == "__main__":
    main()

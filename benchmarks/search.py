"""A whole search of this project, and where the cores' time goes in it.

    python -m benchmarks.search --profile-only [--seconds 20] [--data FILE|sklearn:NAME ...]

FILE is a CSV file, `FILE:COLUMN` names its target; `synthetic:ROWS` is made.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import search_ours
from benchmarks.search_ours import Effort
from benchmarks.search_parts import Profile
from benchmarks.search_results import Found
from benchmarks.search_tables import Table, make_table

PHASES = ("start", "waiting", "end")


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


def print_functions(profile: Profile, n_functions: int) -> None:
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


def print_found(table: Table, found: Found) -> None:
    print(
        f"{table.name}: {found.n_begun} trials, {found.n_complete} complete, {found.n_epochs} "
        f"epochs, {found.passes:.0f} passes, loss {found.loss:.4f} in {found.seconds:.1f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--data", nargs="+", default=["sklearn:digits"])
    parser.add_argument(
        "--trials", type=int, default=1_000_000, help="end at so many: for a busy machine"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--profile-only", action="store_true", help="without the expert's loop")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for source in arguments.data:
            table = make_table(source, folder / "tables")
            place = folder / "ours" / table.name
            effort = Effort(arguments.seconds, arguments.trials)
            found, profile = search_ours.search(table, effort, arguments.seed, place)
            print_found(table, found)
            print_profile(profile)
            print_functions(profile, 15)


if __name__ == "__main__":
    main()

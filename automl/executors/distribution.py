"""Which worker is told which of the waiting runs, and when: late, so that nobody runs dry.

A run that a worker was told of stays there. So a worker is told no more than it needs not to run
dry before it is heard of next, and whoever is faster is told of more. Among those that need some
the load is kept even (`placement.py`). After a worker was lost fewer runs are told to
its successor at once, and a trial that was lost again and again is alone with a worker; those
that rest there give way.
"""

from __future__ import annotations

from collections.abc import Sequence

from automl.executors.member import Member
from automl.executors.placement import place
from automl.executors.pool_runs import PoolRun

AHEAD_SECONDS = 0.5
"""A worker has enough to do if it takes so long: some rounds of `free_rounds.py`. A guess: longer
than the coordinator is away when it proposes many trials at once, and short, since a run that was
told stays with its worker."""

AHEAD_EPOCHS = 2
"""Where an epoch takes long it still has to have one behind the one that it is in."""


def shared_out(
    members: Sequence[Member], waiting: Sequence[PoolRun]
) -> dict[Member, list[PoolRun]]:
    """The runs that each worker is to be told of now: none where it has enough to do."""
    if not waiting:
        return {}
    ready = [member for member in members if member.is_ready]
    told: dict[Member, list[PoolRun]] = {member: [] for member in ready}
    for run in (run for run in waiting if run.alone):
        free = [member for member in ready if not member.runs and not told[member]]
        if free:
            told[free[0]].append(run)
    open_to_all = [run for run in waiting if not run.alone]
    if hungry := [member for member in ready if needs_runs(member)]:
        behind = [[run.cost for run in _behind(member)] for member in hungry]
        places = place([run.cost for run in open_to_all], behind)
        fair = -(-len(open_to_all) // len(members))
        for run, number in zip(open_to_all, places, strict=True):
            if _may_take(hungry[number], told[hungry[number]], fair):
                told[hungry[number]].append(run)
    return told


def needs_runs(member: Member, more: Sequence[PoolRun] = ()) -> bool:
    """Whether a worker would soon have nothing to do, if it were told these too."""
    due = [*member.due, *more]
    seconds = member.pace.seconds(sum(run.seconds_left for run in due))
    if seconds is None:  # it has not trained yet
        return not due
    n_epochs = sum(run.progress.n_epochs_left for run in due)
    return n_epochs < AHEAD_EPOCHS or seconds < AHEAD_SECONDS


def giving_way(members: Sequence[Member], waiting: Sequence[PoolRun]) -> list[PoolRun]:
    """The runs that are to leave their workers, as their checkpoints, so that others can train."""
    leaving: list[PoolRun] = []
    if not waiting:
        return leaving
    for member in members:
        runs = list(member.runs.values())
        resting = [run for run in runs if not run.progress.is_due]
        n_lacking = max(0, len(waiting) - member.room.left(len(runs)))
        leaving += [run for run in resting if run.alone] or resting[: int(n_lacking)]
    if any(run.alone for run in waiting):
        others = [each for each in members if each.is_ready and not _has_alone(each)]
        if others and all(each.runs for each in others):
            leaving += min(others, key=lambda each: len(each.due)).runs.values()
    return list(dict.fromkeys(leaving))


def _has_alone(member: Member) -> bool:
    return any(run.alone for run in member.runs.values())


def _may_take(member: Member, told: Sequence[PoolRun], fair: int) -> bool:
    """Whether a worker may be told one more run, beside these.

    Args:
        fair: how many where nobody knows yet how long it takes for them.
    """
    runs = [*member.runs.values(), *told]
    if any(run.alone for run in runs) or not member.room.left(len(runs)):
        return False
    if member.pace.seconds(0.0) is None:
        return len(told) < fair
    return needs_runs(member, told) or any(run.cost.shared for run in told)


def _behind(member: Member) -> list[PoolRun]:
    """What it has to do behind the round that it is in."""
    return [run for run in member.due if run.progress.n_epochs_left > 1]

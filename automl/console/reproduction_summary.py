"""What `reproduce` prints: whether a trial came out the same, and where and why it did not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from automl.console.consoles import stdout_console
from automl.wording.counts import count
from automl.wording.numbers import number
from automl.wording.printable import one_line

if TYPE_CHECKING:
    from automl.investigation.compared_curves import ComparedFold
    from automl.investigation.reproduction import ReproducedTrial

UNKNOWN_CAUSE = (
    "Nothing that is known of then and now differs: neither versions, processor, device nor data."
)
GPU = "A GPU adds up in an order of its own, so that curves differ from run to run."


def print_reproduction(reproduced: ReproducedTrial) -> None:
    """The answer in bold, then each fold that differs, then what may be the reason."""
    console = stdout_console()
    first, *others = reproduction_lines(reproduced)
    console.print(Text(one_line(first), style="bold"))
    for line in others:
        console.print(Text(one_line(line)), soft_wrap=True)


def reproduction_lines(reproduced: ReproducedTrial) -> Iterator[str]:
    """The answer in sentences."""
    yield f"trial {reproduced.trial_number} of {reproduced.study_name}: {_answer(reproduced)}"
    if not reproduced.has_same_end:
        yield _ends(reproduced)
    n_folds = len(reproduced.folds)
    for fold in reproduced.folds:
        place = f"fold {fold.fold + 1} of {n_folds}: " if n_folds > 1 else ""
        if fold.is_chaotic:
            yield place + _chaos(fold)
            continue
        if not fold.is_same:
            yield place + _difference(fold)
        if not reproduced.is_exact:
            yield place + _rounding(reproduced, fold)
    for what, (before, now) in reproduced.changes.items():
        yield f"{what} was {before} then and is {now} now"
    if reproduced.is_same is False:
        yield from _reasons(reproduced)


def _answer(reproduced: ReproducedTrial) -> str:
    if reproduced.is_same is None:
        return f"cannot be told by another trainer ({reproduced.means.trainer})"
    if not reproduced.is_same:
        return "not the same"
    n_epochs = sum(fold.n_now for fold in reproduced.folds)
    how = "bit for bit" if reproduced.is_exact else "but for rounding"
    same = f"the same, {how}: {count(n_epochs, 'epoch')}" if n_epochs else "the same"
    failed = f"; it failed again ({_words(reproduced.cause_now)})" if reproduced.cause_now else ""
    return same + failed


def _ends(reproduced: ReproducedTrial) -> str:
    before, now = _words(reproduced.cause), _words(reproduced.cause_now)
    message = f": {reproduced.message_now}" if reproduced.message_now else ""
    if reproduced.cause_now is None:
        return f"It had failed then ({before}), and does not now."
    then = f"({before}) then" if reproduced.cause else "not then"
    return f"It failed {then}, and now ({now}{message})."


def _words(cause: str | None) -> str:
    return "" if cause is None else cause.replace("_", " ")


def _difference(fold: ComparedFold) -> str:
    if fold.first is None:
        return (
            f"the {count(fold.n_equal, 'epoch')} that both have are the same, but it had "
            f"{fold.n_before} then and has {fold.n_now} now"
        )
    first = fold.first
    return (
        f"first in epoch {first.epoch} of {fold.n_before}: {first.quantity.replace('_', ' ')} was "
        f"{first.before!r} then and is {first.now!r} now; losses differ by {number(fold.largest)} "
        f"of theirs at most"
    )


def _rounding(reproduced: ReproducedTrial, fold: ComparedFold) -> str:
    """How far another trainer's losses are apart, and what that tells."""
    by = f"By another trainer ({reproduced.means.trainer}), which adds up in another order,"
    if not fold.has_parted:
        return f"{by} losses differ by {number(fold.largest)} of theirs at most."
    if fold.n_close:
        told = (
            f"the first {count(fold.n_close, 'epoch')} differ by rounding only, then "
            f"{'it grows' if fold.first is None else 'they part'}, to {number(fold.largest)} of "
            "the losses at most"
        )
    else:
        told = f"losses differ by more than rounding in the first epoch: {number(fold.largest)}"
    return f"{by} {told}. Whether a trial is the same bit for bit, its own trainer tells."


def _chaos(fold: ComparedFold) -> str:
    """Why nothing can be told, and who can."""
    return (
        f"losses differ from the first epoch on, by {number(fold.largest)} of theirs at most, but "
        "training is chaotic: a learning rate that is moved by rounding does about as much within "
        "the first epoch. It may be the same training or another one; its own trainer tells."
    )


def _reasons(reproduced: ReproducedTrial) -> Iterator[str]:
    """What the reason may be, where no change says it."""
    if reproduced.means.device != "cpu":
        yield GPU
    elif not reproduced.changes and reproduced.is_exact:
        yield UNKNOWN_CAUSE

"""Numbers of the playground's page, and what they say: every sentence is computed, none is canned.

A network is judged by its losses after the last epoch, since that is the one that is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from automl.wording.counts import count, listing
from automl.wording.numbers import number, percent
from automl.wording.settings import parameter_text
from storage.records import ParameterValue

if TYPE_CHECKING:  # the module that trains loads torch, a page needs only its numbers
    from automl.playground.play import PlayedGrid, PlayedRun, Playground

GUESSING = math.log(2)  # loss of saying one half to two equally frequent classes
NOTHING_LEARNED = 0.1  # of what can be learned, which chance alone gives
RISE = 0.2  # of what the lowest validation loss has left to learn: less is usual up and down
LEAST_RISE = 0.02  # and at least so much, since tiny losses double at once
UPS = 0.01  # by which the train loss rises in an epoch, falls as 0, in the mean of the last half
GAP = 0.1  # between validation and train loss, worth a word
UNDERFIT_LOSS = 0.05  # of the train loss, over the validation loss of the grid's best network
UNDERFIT_ERROR = 0.1  # of the train rows wrong beyond those with a wrong label
ISLAND_AREA = 0.02  # of the plane, at most


def button_text(name: str, value: ParameterValue) -> str:
    """A value as the page's buttons show it."""
    if name == "noise":
        return percent(float(value or 0))
    return parameter_text(value)


def setting_text(setting: Mapping[str, ParameterValue], names: Sequence[str]) -> str:
    """What was chosen, in words: "30 % noise, 4 hidden layers, no regularization and relu"."""
    return listing([_words(name, setting[name]) for name in names])


def _words(name: str, value: ParameterValue) -> str:
    match name:
        case "noise":
            return f"{percent(float(value or 0))} noise" if value else "no noise"
        case "n_layers":
            return count(int(value or 0), "hidden layer")
        case "regularization":
            return "no regularization" if value == "none" else str(value)
        case "activation":
            return str(value)
    return f"{name} {button_text(name, value)}"


def sentence(played: Playground, grid: PlayedGrid, run: PlayedRun) -> str:
    """What became of one network, and what of it with another regularization."""
    setting = setting_text(run.setting, tuple(grid.choices))
    if run.is_diverged:
        ends = (
            f"it diverges: the loss becomes infinite in epoch {len(run.valid_loss)}. Drawn is the "
            "network of its best epoch."
        )
    else:
        ends = (
            f"the train loss ends at {number(run.train_loss[-1])}, the validation loss at "
            f"{number(run.valid_loss[-1])}. {judgement(played, grid, run)}"
        )
    return f"With {setting}, {ends} {_other_regularization(grid, run)}".strip()


def judgement(played: Playground, grid: PlayedGrid, run: PlayedRun) -> str:
    """What the losses of a run that has not diverged say of it."""
    floor = _entropy(_noise(run))
    train, valid = float(run.train_loss[-1]), float(run.valid_loss[-1])
    if GUESSING - train < NOTHING_LEARNED * (GUESSING - floor):
        return f"It has learned nothing: guessing has a loss of {number(GUESSING)}."
    if valid - run.best_loss > max(RISE * (run.best_loss - floor), LEAST_RISE):
        return _risen(played, run)
    if jumps := _jumps(run):
        return jumps
    if underfit := _underfit(grid, run):
        return underfit
    if valid - train > GAP:
        return (
            f"Between them is a gap of {number(valid - train, 2)}, though the validation loss has "
            f"hardly risen from its lowest, {number(run.best_loss)}."
        )
    return "It neither underfits nor overfits."


def _risen(played: Playground, run: PlayedRun) -> str:
    """Overfit, if the train loss has fallen meanwhile."""
    since = f"since epoch {run.best_epoch} the validation loss has risen from "
    since += number(run.best_loss)
    train_then = float(run.train_loss[run.best_epoch - 1])
    if train_then < run.train_loss[-1]:
        return f"It jumps about: {since}, and the train loss from {number(train_then)}."
    if jumps := _jumps(run):
        return jumps
    return f"It overfits: {since}{_and_islands(played, run)}."


def _jumps(run: PlayedRun) -> str:
    """Where steps are too large to stay where they have been: the train loss itself has risen."""
    lowest, last = float(run.train_loss.min()), float(run.train_loss[-1])
    if last - lowest > max(RISE * lowest, LEAST_RISE):
        epoch = int(run.train_loss.argmin()) + 1
        return f"It jumps about: the train loss was {number(lowest)} in epoch {epoch}."
    late = run.train_loss[len(run.train_loss) // 2 :]
    ups = np.clip(np.diff(late), 0.0, None)
    if len(ups) and ups.mean() > UPS:
        return (
            f"It jumps about: in the last {count(len(late), 'epoch')} the train loss goes up by "
            f"as much as {number(float(ups.max()), 2)} from one to the next."
        )
    return ""


def _underfit(grid: PlayedGrid, run: PlayedRun) -> str:
    """Where even train rows are worse than another network's validation rows, or many wrong."""
    noise = _noise(run)
    best = min((one for one in grid.runs if _noise(one) == noise), key=_final_loss)
    if run.train_loss[-1] > _final_loss(best) + UNDERFIT_LOSS:
        names = [name for name in grid.choices if name != "noise"]
        return (
            f"It underfits: even the validation loss can end at {number(_final_loss(best))}, with "
            f"{setting_text(best.setting, names)}."
        )
    if run.train_error > noise + UNDERFIT_ERROR:
        more = f", where {percent(noise)} have a wrong label" if noise else ""
        return f"It underfits: {percent(run.train_error)} of the train rows are wrong{more}."
    return ""


def _noise(run: PlayedRun) -> float:
    return float(run.setting.get("noise") or 0.0)


def _final_loss(run: PlayedRun) -> float:
    return math.inf if run.is_diverged else float(run.valid_loss[-1])


def _and_islands(played: Playground, run: PlayedRun) -> str:
    sizes = islands(played, run)
    if not sizes:
        return ""
    around = "single points" if max(sizes) == 1 else f"at most {count(max(sizes), 'point')} each"
    if len(sizes) == 1:
        around = "a single point" if sizes[0] == 1 else f"{sizes[0]} points"
    return f", and it draws {count(len(sizes), 'island')} around {around}"


def _other_regularization(grid: PlayedGrid, run: PlayedRun) -> str:
    """Where the validation loss ends without regularization, or with the best of them."""
    if "regularization" not in grid.choices:
        return ""
    others = [
        other
        for other in grid.runs
        if other is not run
        and all(
            other.setting[name] == run.setting[name]
            for name in grid.choices
            if name != "regularization"
        )
        and "none" in (other.setting["regularization"], run.setting["regularization"])
    ]
    if not others:
        return ""
    other = min(others, key=_final_loss)
    name = other.setting["regularization"]
    words = "Without regularization" if name == "none" else f"With {name}"
    return f"{words} the validation loss ends at {number(other.valid_loss[-1])}."


def islands(played: Playground, run: PlayedRun) -> list[int]:
    """Train points in each small patch of one class inside the other, the most first.

    A patch hangs together over sides or corners of the grid's cells, so that no thin strip falls
    apart, takes at most a fiftieth of the plane, and holds a train point of its class.
    """
    is_second = run.surface > 0.5
    patch = _patches(is_second)
    cells = np.bincount(patch.ravel())
    inside = np.zeros(len(cells), dtype=int)
    targets = played.targets[_noise(run)]
    column = _nearest(played.x, played.points[:, 0])
    row = _nearest(played.y, played.points[:, 1])
    of_its_class = is_second[row, column] == (targets == 1)
    np.add.at(inside, patch[row, column][of_its_class], 1)
    small = (cells <= ISLAND_AREA * patch.size) & (inside > 0)
    return sorted((int(n) for n in inside[small]), reverse=True)


def _patches(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The number of the patch that each cell belongs to.

    Every cell takes the smaller number of itself and its like neighbours until none changes.
    """
    patch = np.arange(mask.size).reshape(mask.shape)
    neighbours = (
        (np.s_[1:, :], np.s_[:-1, :]),
        (np.s_[:, 1:], np.s_[:, :-1]),
        (np.s_[1:, 1:], np.s_[:-1, :-1]),
        (np.s_[1:, :-1], np.s_[:-1, 1:]),
    )
    while True:
        before = patch.copy()
        for one, other in neighbours:
            alike = mask[one] == mask[other]
            for side in (one, other):
                lower = np.minimum(patch[one], patch[other])
                patch[side][alike] = lower[alike]
        if (patch == before).all():
            return patch


def _nearest(cells: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.intp]:
    nearest: NDArray[np.intp] = np.abs(cells[:, None] - values[None, :]).argmin(axis=0)
    return nearest


def _entropy(noise: float) -> float:
    """The lowest loss that can be had where so many labels are wrong: log 2 is guessing."""
    if noise in (0.0, 1.0):
        return 0.0
    return -noise * math.log(noise) - (1 - noise) * math.log(1 - noise)


def finding(grid: PlayedGrid) -> str:
    """Which value of a single hyperparameter ended best, which learned nothing, which diverged.

    All have one seed, and how much another one changes is not known: no value is called best
    beyond this start, and those that ended nearly as well are named.
    """
    (name,) = grid.choices
    texts = [button_text(name, run.setting[name]) for run in grid.runs]
    ended = [_final_loss(run) for run in grid.runs]
    diverged = [t for t, r in zip(texts, grid.runs, strict=True) if r.is_diverged]
    stuck = [
        t
        for t, r in zip(texts, grid.runs, strict=True)
        if not r.is_diverged and r.train_loss[-1] > (1 - NOTHING_LEARNED) * GUESSING
    ]
    words = []
    if len(diverged) + len(stuck) < len(grid.runs):
        best = int(np.argmin(ended))
        words.append(
            f"In this one start the validation loss ends lowest with {name} {texts[best]}: at "
            f"{number(ended[best])}, with {percent(grid.runs[best].valid_error)} of rows wrong."
        )
        close = [
            f"{text} ({number(loss)})"
            for place, (text, loss) in enumerate(zip(texts, ended, strict=True))
            if place != best and loss - ended[best] <= max(RISE * ended[best], LEAST_RISE)
        ]
        if close:
            words.append(f"Another start may put {listing(close)} before it.")
    if stuck:
        words.append(f"Nothing is learned with {listing(stuck)}.")
    if diverged:
        words.append(f"It diverges with {listing(diverged)}.")
    return " ".join(words)


def loss_range(grid: PlayedGrid) -> tuple[float, float]:
    """One range of losses for all curves of a grid, so that they compare at a glance."""
    losses = np.concatenate([np.concatenate([r.train_loss, r.valid_loss]) for r in grid.runs])
    finite = losses[np.isfinite(losses) & (losses > 0)]
    if not len(finite):
        return 0.1, 1.0
    # As low as they go: a curve that lies flat at an axis's end would say that nothing changes.
    # One that leaves the picture above 3 is seen to leave it.
    return float(finite.min()), min(float(finite.max()), 3.0)

"""The files of trials' weights: whose there are, which come first, which go.

Of complete trials the database says what they are worth, of unfinished ones their files do. One
rule holds for both: the best few keep theirs, and the best complete one always does, as do the
networks of the answer that stands. What was trained for an answer alone is the best complete
trial's: it counts to the same budget, and goes when another trial is the best.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from numpy.typing import NDArray

from automl.training.config import RunConfig
from automl.tuning.problem import Problem
from storage import Store
from storage.artifacts import trials_beyond
from storage.errors import ArtifactError
from storage.records import ArtifactRecord, Json

Place: TypeAlias = tuple[float, int]
"""Value and number of a trial: the lowest is the best."""

NOTHING: Final[Mapping[str, Json]] = MappingProxyType({})

MOST_BYTES: Final = 2**28
"""Of weights that are kept beyond the best five trials' where no budget is given. A network of
tables has some 10,000 to 1,000,000 parameters, of four bytes each."""

ALWAYS_KEPT: Final = 5

VALID_LOSS: Final = "valid_loss"
"""In the details of an unfinished trial's weights: what it was worth with them."""

BEST_EPOCH: Final = "best_epoch"
"""Likewise the epoch that they are of: a later one may be as good, and then its weights count."""


@dataclass(frozen=True, slots=True)
class Collected:
    """The weights of a trial, to be saved."""

    place: Place
    runs: tuple[RunConfig, ...]
    weights: tuple[Mapping[str, NDArray[Any]], ...]  # of each run
    best_epochs: tuple[int, ...] = ()  # likewise, where the trial is unfinished


class WeightFiles:
    """The files of weights of one study's trials."""

    def __init__(self, store: Store, problem: Problem) -> None:
        self.store = store
        self.problem = problem

    def all(self) -> list[ArtifactRecord]:
        """Of all runs, oldest first."""
        kept = self.store.artifacts.list(self.problem.study_name)
        return [artifact for artifact in kept if artifact.kind == "weights"]

    def of(self, trial_number: int) -> list[ArtifactRecord]:
        """Of the runs of a trial."""
        return [one for one in self.all() if one.trial_number == trial_number]

    def of_answers(self) -> list[ArtifactRecord]:
        """Of runs that were trained for an answer alone."""
        kept = self.store.artifacts.list(self.problem.study_name)
        return [artifact for artifact in kept if artifact.kind == "answer_weights"]

    @property
    def best_complete(self) -> int | None:
        """The best complete trial by now, whoever has told it; None where there is none."""
        return next((number for _, number in self.complete()), None)

    def complete(self) -> Sequence[Place]:
        """All complete trials, best first."""
        return self.store.ranking(self.problem.study_name)

    def kept(self) -> list[Place]:
        """The trials whose weights are kept, best first."""
        kept = {artifact.trial_number: artifact for artifact in self.all()}
        complete = [place for place in self.complete() if place[1] in kept]
        for _, number in complete:
            del kept[number]
        unfinished = [
            (float(value), number)
            for number, artifact in kept.items()
            if isinstance(value := artifact.details.get(VALID_LOSS), (int, float))
            if number is not None
        ]
        return sorted([*complete, *unfinished])

    def save(self, collected: Collected, more: Mapping[str, Json] = NOTHING) -> None:
        """Save the weights of all runs of a trial, or of none.

        Args:
            more: details of theirs, beside what is needed to build the networks.

        Raises:
            ArtifactError: they cannot be written.
        """
        saved: list[ArtifactRecord] = []
        try:
            told: Sequence[Mapping[str, Json]] = [
                {BEST_EPOCH: epoch} for epoch in collected.best_epochs
            ] or [NOTHING] * len(collected.runs)
            for run, weights, own in zip(collected.runs, collected.weights, told, strict=True):
                saved.append(
                    self.store.artifacts.save_weights(
                        self.problem.study_name,
                        trial_number=run.trial_number,
                        run_id=run.run_id,
                        weights=weights,
                        details={**self.problem.details(run), **more, **own},
                    )
                )
        except ArtifactError:
            for artifact in saved:
                self.store.artifacts.remove(artifact)
            raise

    @contextmanager
    def written_for_answer(
        self, runs: Sequence[RunConfig], weights: Sequence[Mapping[str, NDArray[Any]]]
    ) -> Iterator[tuple[ArtifactRecord, ...]]:
        """Files of weights that were trained for an answer alone, each of one run.

        `keep_for_answer` keeps them, in a transaction that need not wait for the disk. Those that
        it has not kept when the block is left, however, are deleted.

        Raises:
            ArtifactError: they cannot be written.
        """
        written: list[ArtifactRecord] = []
        try:
            for run, own in zip(runs, weights, strict=True):
                details = self.problem.details(run)
                written.append(
                    self.store.artifacts.write_weights(
                        run.trial_number, run.run_id, own, details, "answer_weights"
                    )
                )
            yield tuple(written)
        finally:
            kept = {one.artifact_id for one in self.of_answers()}
            self.store.artifacts.remove_files(
                [one for one in written if one.artifact_id not in kept]
            )

    def keep_for_answer(self, written: Iterable[ArtifactRecord]) -> None:
        """Keep files of `written_for_answer`."""
        for one in written:
            self.store.artifacts.keep_written(self.problem.study_name, one)

    def prune(self, keep: int, byte_budget: int | None) -> None:
        """Let the weights beyond the best few trials go, and those of answers of earlier bests."""
        self._drop_outdated()
        if len(self.kept()) <= min(keep, ALWAYS_KEPT) and byte_budget is None:
            return
        with self.store.transaction(at_once=True):  # others cannot change what this is decided by
            kept, complete = self.kept(), set(self.complete())
            n_bytes = Counter[int | None]()
            for artifact in (*self.all(), *self.of_answers()):
                n_bytes[artifact.trial_number] += artifact.n_bytes
            best, spared = _best_of(kept, n_bytes, keep, byte_budget), self._runs_of_answer()
            worse = {place[1] for place in kept if place not in complete and place not in best}
            for artifact in self.all():
                if artifact.trial_number in worse and artifact.run_id not in spared:
                    self.store.artifacts.remove(artifact)
            self.store.artifacts.enforce(
                self.problem.study_name,
                keep=max(1, len(complete.intersection(best))),
                byte_budget=byte_budget,
                ranking=[place[1] for place in kept if place in complete],
                spared=spared,
            )

    def held(
        self, weights: Mapping[Place, Mapping[int, int]], keep: int, byte_budget: int | None
    ) -> frozenset[int]:
        """The trials of which `prune` would leave the weights, if there were those of all of them.

        Args:
            weights: bytes that those of each run take, by trial, the best one first.
        """
        artifacts = self.store.artifacts.list(self.problem.study_name)
        spared_runs = self._runs_of_answer()
        spared = {place[1] for place, runs in weights.items() if not spared_runs.isdisjoint(runs)}
        n_bytes = Counter[int | None](
            {place[1]: sum(runs.values()) for place, runs in weights.items()}
        )
        for artifact in artifacts:
            if artifact.kind == "answer_weights":
                n_bytes[artifact.trial_number] += artifact.n_bytes
        places, complete = list(weights), {number for _, number in self.complete()}
        best = {number for _, number in _best_of(places, n_bytes, keep, byte_budget)}
        left = {number for _, number in places if number in best | complete | spared}
        n_bytes = Counter({number: n for number, n in n_bytes.items() if number in left})
        for artifact in artifacts:
            if artifact.kind == "checkpoint":
                n_bytes[artifact.trial_number] += artifact.n_bytes
        ranking = [number for _, number in places if number in complete]
        n_best = max(1, len(complete & best))
        beyond = trials_beyond(ranking, n_bytes, n_best, byte_budget, spared)
        return frozenset(left.difference(beyond))

    def _drop_outdated(self) -> None:
        """Let go what was trained for answers of trials that are the best no more."""
        if all(one.trial_number == self.best_complete for one in self.of_answers()):
            return
        with self.store.transaction(at_once=True):  # another process may have told a better one
            best = self.best_complete
            for artifact in self.of_answers():
                if artifact.trial_number != best:
                    self.store.artifacts.remove(artifact)

    def _runs_of_answer(self) -> set[int]:
        """The runs that are handed over while no better trial completes."""
        best = {number for _, number in self.complete()[:1]}
        answers = self.store.read_answers(self.problem.study_name)
        standing = [one for one in answers if one.best_trial_number in best]
        return {member.run_id for member in standing[-1].members} if standing else set()


def _best_of(
    kept: Sequence[Place], n_bytes: Mapping[int | None, int], keep: int, byte_budget: int | None
) -> Sequence[Place]:
    """The best few of trials whose weights are kept: as many as are asked for, and fit."""
    budget, least = (MOST_BYTES, ALWAYS_KEPT) if byte_budget is None else (byte_budget, 1)
    taken = accumulate(n_bytes.get(number, 0) for _, number in kept)
    n_fitting = sum(n <= budget for n in taken)
    return kept[: min(keep, max(n_fitting, least))]

"""What was trained, or has failed, and was not given to the coordinator yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from automl.executors.executor import RoundResult, RunFailure
from automl.executors.member import Member, State


class PendingResults:
    """Results of rounds in the order they came, and failures of runs whose worker is gone."""

    def __init__(self) -> None:
        self._results: deque[tuple[Member, RoundResult]] = deque()
        self._failures: list[RunFailure] = []

    def __len__(self) -> int:
        return len(self._results) + bool(self._failures)

    def add(self, member: Member, result: RoundResult) -> None:
        """A round is done; its worker waits until that is taken."""
        self._results.append((member, result))

    def fail(self, failures: Iterable[RunFailure]) -> None:
        """Runs have failed outside of any round."""
        self._failures += failures

    def take(self) -> RoundResult:
        """The next result; its worker may go on."""
        if self._results:
            member, result = self._results.popleft()
            if member.state is State.DONE:
                member.state = State.IDLE
            return result
        failures, self._failures = tuple(self._failures), []
        return RoundResult(failures=failures)

    def take_all(self) -> RoundResult:
        """All results as one."""
        results = []
        while self:
            results.append(self.take())
        return RoundResult.merged(results)

    def drop(self, run_id: int) -> None:
        """Let no result tell of a run any more."""
        self._failures = [failure for failure in self._failures if failure.run_id != run_id]
        self._results = deque(
            (member, result.where(lambda other: other != run_id))
            for member, result in self._results
        )

    def clear(self) -> None:
        """Forget all of it."""
        self._results.clear()
        self._failures.clear()

"""What was trained, or has failed, and was not given to the coordinator yet."""

from __future__ import annotations

from automl.executors.executor import RoundResult


class PendingResults:
    """Results in the order they came."""

    def __init__(self) -> None:
        self._results: list[RoundResult] = []

    def __len__(self) -> int:
        return len(self._results)

    def add(self, result: RoundResult) -> None:
        """A round is done, or runs have failed outside of any; what says nothing is left out."""
        if result != RoundResult():
            self._results.append(result)

    def take_all(self) -> RoundResult:
        """All results as one."""
        results, self._results = self._results, []
        return RoundResult.merged(results)

    def drop(self, run_id: int) -> None:
        """Let no result tell of a run any more."""
        results = [result.where(lambda other: other != run_id) for result in self._results]
        self._results = [result for result in results if result != RoundResult()]

    def clear(self) -> None:
        """Forget all of it."""
        self._results.clear()

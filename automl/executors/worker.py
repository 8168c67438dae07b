"""A worker process: an `InProcessExecutor` at the other end of a connection.

It is started as `python -m automl.executors.worker DESCRIPTOR`, not by `multiprocessing`,
whose children import the coordinator's `__main__`: so it works from notebooks, and from
scripts without `if __name__ == "__main__"`. It ends at once when the connection closes,
in the middle of a round too, so none outlives its coordinator. See `messages.py`.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection

import torch
from torch import Tensor

from automl.errors import TrainingError
from automl.executors.failures import describe
from automl.executors.in_process import InProcessExecutor
from automl.executors.messages import (
    GiveBestWeights,
    GiveCheckpoint,
    Given,
    Ready,
    Refused,
    Reply,
    RoundDone,
    Setup,
    TrainRound,
    receive,
    send,
)
from automl.executors.resources import private_memory
from automl.training.trainer import Checkpoint


def main(descriptor: int) -> None:
    """Answer requests until the coordinator ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to handle
    threading.Thread(target=_end_with_coordinator, args=(descriptor,), daemon=True).start()
    torch.set_num_threads(1)
    connection = Connection(descriptor)
    try:
        executor = _set_up(receive(connection))
    except Exception as error:
        send(connection, Refused(describe(error)))
        return
    send(connection, Ready())
    while True:
        try:
            request = receive(connection)
        except (EOFError, OSError):
            return
        send(connection, _answer(executor, request))


def _set_up(setup: Setup) -> InProcessExecutor:
    executor = InProcessExecutor(
        setup.dataset.open(),
        trainer=setup.trainer,
        device=setup.device,
        trial_timeout=setup.trial_timeout,
    )
    if setup.memory_limit is not None:
        _limit_memory(setup.memory_limit, torch.device(setup.device))
    return executor


def _answer(executor: InProcessExecutor, request: object) -> Reply:
    match request:
        case TrainRound():
            return _train_round(executor, request)
        case GiveCheckpoint():
            return _give(executor.checkpoint, request.run_id)
        case GiveBestWeights():
            return _give(executor.best_weights, request.run_id)
    return Refused(f"a worker does not know what to do with {type(request).__name__}")


def _give(ask: Callable[[int], Checkpoint | Mapping[str, Tensor]], run_id: int) -> Reply:
    try:
        return Given(ask(run_id))
    except TrainingError as error:
        return Refused(str(error))


def _train_round(executor: InProcessExecutor, request: TrainRound) -> RoundDone:
    for run_id in request.stop:
        executor.stop(run_id)
    for run_id in request.forget:
        executor.forget(run_id)
    executor.start(request.start)
    deadline = None if request.seconds is None else time.monotonic() + request.seconds
    result = executor.next_round(deadline)
    return RoundDone(result, executor.waiting)


def _limit_memory(n_bytes: int, device: torch.device) -> None:
    """Let trainings take so much memory, beyond what interpreter and libraries have taken."""
    if device.type == "cuda":
        total = torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, n_bytes / total), device)
        return
    import resource  # not on Windows

    taken = private_memory() or 0
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (taken + n_bytes, hard))


def _end_with_coordinator(descriptor: int) -> None:
    """Wait until the other end of the connection is closed, then end without further ado."""
    watch = select.poll()
    watch.register(descriptor, 0)  # a hang-up is reported though nothing is asked for
    watch.poll()
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))

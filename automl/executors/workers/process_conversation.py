"""A worker process's side of the conversation: it trains, and takes what it is told in between.

A thread of its own reads the messages: so the coordinator gets rid of them at once, in the
middle of a round too. `process_beginning.py` begins it; what is said is in
`process_messages.py`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

import torch
from torch import Tensor

from automl.data.dataset import Dataset
from automl.errors import ConfigError, DataError, TrainingError
from automl.executors.free_rounds import FreeRounds
from automl.executors.guarded_training import GuardedTraining
from automl.executors.heartbeat import TakenOrders
from automl.executors.numerics import training_arithmetic
from automl.executors.resources import private_memory
from automl.executors.workers.in_process import guarded_training
from automl.executors.workers.process_messages import (
    Assignment,
    GiveBestWeights,
    GiveCheckpoint,
    Given,
    GivePredictions,
    Message,
    Refused,
    receive,
    send,
)
from automl.executors.workers.worker import Orders, Ready, TrainingSetup
from automl.models.family import import_family
from automl.models.own.builders import remember_packed
from automl.stacked.native import use_kernels
from automl.system.own_code import describe
from automl.training.config import RunConfig
from automl.training.predictions import predict
from automl.training.trainer import Checkpoint, run_of


def converse(descriptor: int, pulse: int | None = None) -> None:
    """Answer what is asked on a connection until it closes.

    Args:
        pulse: descriptor of where to count the orders that are taken.
    """
    torch.set_num_threads(1)
    connection = Connection(descriptor)
    try:
        assignment: Assignment = receive(connection)
        dataset = assignment.dataset.open()
        training = _set_up(assignment, dataset)
    except Exception as error:
        is_said = isinstance(error, TrainingError)
        send(
            connection,
            Refused(str(error) if is_said else f"a worker cannot train: {describe(error)}"),
        )
        return
    send(connection, Ready())
    messages: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(
        target=_read, args=(connection, messages), name="automl-messages", daemon=True
    ).start()
    rounds, taken = FreeRounds(training), TakenOrders(pulse)
    with contextlib.suppress(EOFError, OSError):
        while True:
            while not (rounds.owes_round and messages.empty()):
                request = _next(messages)
                if isinstance(request, Orders):
                    taken.note()
                    _take(rounds, request)
                else:
                    send(connection, _answer(training, dataset, request))
            send(connection, rounds.train())


def _read(connection: Connection, messages: SimpleQueue[Any]) -> None:
    """Put messages where they can be taken, and last of all what has ended them."""
    try:
        while True:
            messages.put(receive(connection))
    except Exception as error:
        messages.put(error)


def _next(messages: SimpleQueue[Any]) -> Any:
    """Wait for the next message.

    Raises:
        EOFError, OSError: there will be none.
    """
    message = messages.get()
    if isinstance(message, Exception):
        raise message
    return message


def _take(rounds: FreeRounds, orders: Orders) -> None:
    _import_families(run_of(start) for start in orders.start)
    rounds.take(orders)


def _set_up(assignment: Assignment, dataset: Dataset) -> GuardedTraining:
    use_kernels({torch.float32: assignment.kernels.read()} if assignment.kernels else {})
    remember_packed(assignment.model)
    setup = TrainingSetup(
        dataset,
        trainer=assignment.trainer,
        arithmetic=assignment.arithmetic,
        trial_timeout=assignment.trial_timeout,
        is_preflight=assignment.is_preflight,
    )
    training = guarded_training(setup, assignment.device)
    if assignment.memory_limit is not None:
        _limit_memory(assignment.memory_limit, torch.device(assignment.device))
    return training


def _answer(training: GuardedTraining, dataset: Dataset, request: object) -> Message:
    match request:
        case GiveCheckpoint():
            return _give(training.checkpoint, request.run_id)
        case GiveBestWeights():
            return _give(training.best_weights, request.run_id)
        case GivePredictions():
            _import_families([request.run])
            return _predicted(dataset, request)
    return Refused(f"a worker does not know what to do with {type(request).__name__}")


def _import_families(runs: Iterable[RunConfig]) -> None:
    """Load the code of families that the coordinator has found; what fails fails with its run."""
    for family in {run.family for run in runs}:
        with contextlib.suppress(ConfigError):
            import_family(family)


def _give(ask: Callable[[int], Checkpoint | Mapping[str, Tensor]], run_id: int) -> Message:
    try:
        return Given(ask(run_id))
    except TrainingError as error:
        return Refused(str(error))


def _predicted(dataset: Dataset, request: GivePredictions) -> Message:
    try:
        with training_arithmetic():
            return Given(predict(request.run, request.weights, dataset, request.split))
    except Exception as error:  # of whatever a person's network does
        return Refused(str(error) if isinstance(error, DataError) else describe(error))


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

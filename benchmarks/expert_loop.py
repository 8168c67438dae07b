"""What an expert would write: one trial after another in PyTorch, nothing of this project.

Tensors stay in memory, an epoch is shuffled once and cut into views, the optimizer runs its
fastest implementation for the network at hand, nothing waits for a number inside an epoch.
`benchmarks.stacked` compares with this loop; `benchmarks.dataloader_loop` is the common one.
"""

from __future__ import annotations

import copy
import functools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

Params = Mapping[str, Any]

ACTIVATIONS = {
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
}
NORMALIZATIONS = {"batch_norm": nn.BatchNorm1d, "layer_norm": nn.LayerNorm}


@dataclass(frozen=True)
class Arrays:
    """The rows that trials train and validate on, scaled in all ways beforehand.

    Shape:
        train_x, valid_x, test_x: scaling -> (N, D); train_y, valid_y: (N,) classes, or (N, 1)
        values.
    """

    train_x: Mapping[str, Tensor]
    valid_x: Mapping[str, Tensor]
    train_y: Tensor
    valid_y: Tensor
    n_classes: int  # 0: values
    test_x: Mapping[str, Tensor] = field(default_factory=dict)  # rows to predict, where there are

    @property
    def is_classes(self) -> bool:
        """Whether a class is predicted, not a value."""
        return self.n_classes > 0

    @property
    def n_outputs(self) -> int:
        """Width of a network's output."""
        return max(1, self.n_classes)


def build_network(params: Params, n_features: int, n_outputs: int) -> nn.Sequential:
    """The network of a trial."""
    size, layers = n_features, list[nn.Module]()
    for layer in range(params["n_layers"]):
        width = params["hidden_size"]
        if params["shape"] == "funnel":
            width = max(8, width >> layer)
        layers.append(nn.Linear(size, width))
        if params["normalization"] in NORMALIZATIONS:
            layers.append(NORMALIZATIONS[params["normalization"]](width))
        layers.append(ACTIVATIONS[params["activation"]]())
        layers.append(nn.Dropout(params["dropout"]))
        size = width
    network = nn.Sequential(*layers, nn.Linear(size, n_outputs))
    for module in network:
        if isinstance(module, nn.Linear):
            _initialize_(module, params["initialization"])
    return network


def _initialize_(linear: nn.Linear, rule: str) -> None:
    n_out, n_in = linear.weight.shape
    nn.init.zeros_(linear.bias)
    if rule == "orthogonal":
        nn.init.orthogonal_(linear.weight)
        return
    variances = {"xavier": 2 / (n_in + n_out), "he": 4 / (n_in + n_out), "he_fan_in": 2 / n_in}
    nn.init.normal_(linear.weight, std=math.sqrt(variances[rule]))


def make_optimizer(
    params: Params, parameters: Sequence[nn.Parameter], **implementation: bool
) -> torch.optim.Optimizer:
    """The optimizer of a trial, in one of torch's implementations."""
    name, options = params["optimizer"], {"lr": params["learning_rate"], **implementation}
    options["weight_decay"] = params["weight_decay"]
    if name in ("sgd", "momentum", "nesterov"):
        momentum = 0.0 if name == "sgd" else params["momentum"]
        return torch.optim.SGD(
            parameters, momentum=momentum, nesterov=name == "nesterov", **options
        )
    classes = {"adagrad": "Adagrad", "rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW"}
    made: torch.optim.Optimizer = getattr(torch.optim, classes[name])(parameters, **options)
    return made


@functools.lru_cache(maxsize=512)
def fastest_implementation(name: str, shapes: tuple[tuple[int, ...], ...]) -> str:
    """Which of torch's implementations updates such parameters fastest: a short trial."""
    params = {"optimizer": name, "learning_rate": 0.0, "weight_decay": 1e-4, "momentum": 0.9}
    seconds = {}
    for implementation in ("foreach", "fused"):
        if implementation == "fused" and name == "rmsprop":
            continue  # torch has none
        parameters = [nn.Parameter(torch.randn(shape)) for shape in shapes]
        for parameter in parameters:
            parameter.grad = torch.randn_like(parameter)
        optimizer = make_optimizer(params, parameters, **{implementation: True})
        optimizer.step()
        started = time.perf_counter()
        for _ in range(10):
            optimizer.step()
        seconds[implementation] = time.perf_counter() - started
    return min(seconds, key=lambda implementation: seconds[implementation])


def learning_rate_at(params: Params, share: float) -> float:
    """The learning rate after a share of the trial's epochs."""
    rate: float = params["learning_rate"]
    if params["schedule"] == "exponential":
        return rate * 10 ** (-share / float(params["decay_fraction"]))
    if params["schedule"] == "cosine":
        return rate * 0.5 * (1 + math.cos(math.pi * share))
    if params["schedule"] == "one_cycle":
        low, rise = (1 / 25, share / 0.3) if share < 0.3 else (4e-6, (1 - share) / 0.7)
        return rate * (low + (1 - low) * (1 - math.cos(math.pi * rise)) / 2)
    return rate


def prepare(params: Params, arrays: Arrays) -> None:
    """Choose the optimizer's implementation before the clock starts."""
    network = build_network(params, arrays.train_x["standard"].shape[1], arrays.n_outputs)
    fastest_implementation(params["optimizer"], _shapes(network))


def _shapes(network: nn.Module) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(parameter.shape) for parameter in network.parameters())


class Training:
    """One trial in training, an epoch at a time."""

    def __init__(self, params: Params, arrays: Arrays, n_epochs: int, seed: int) -> None:
        torch.manual_seed(seed)
        self._params, self.scaling = params, str(params["scaling"])
        self._train = arrays.train_x[params["scaling"]], arrays.train_y
        self._valid = arrays.valid_x[params["scaling"]], arrays.valid_y
        n_rows, n_features = self._train[0].shape
        self.network = build_network(params, n_features, arrays.n_outputs)
        chosen = fastest_implementation(params["optimizer"], _shapes(self.network))
        self._optimizer = make_optimizer(params, list(self.network.parameters()), **{chosen: True})
        self._is_classes = arrays.is_classes
        self._loss: Callable[[Tensor, Tensor], Tensor] = functional.mse_loss
        if self._is_classes:
            smoothing = params["label_smoothing"]
            self._loss = functools.partial(functional.cross_entropy, label_smoothing=smoothing)
        self._n_steps = n_epochs * -(-n_rows // params["batch_size"])
        self._step = 0

    def train_epoch(self, deadline: float = math.inf) -> bool:
        """One pass over shuffled rows; False if the deadline of `time.monotonic` broke it off."""
        self.network.train()
        order, size = torch.randperm(len(self._train[0])), self._params["batch_size"]
        batches = zip(*(rows[order].split(size) for rows in self._train), strict=True)
        for x, y in batches:
            if len(x) == 1:
                continue  # batch normalization cannot train on one row
            if time.monotonic() > deadline:
                return False
            loss = self._loss(self.network(x), y)
            self._optimizer.zero_grad()
            loss.backward()
            rate = learning_rate_at(self._params, self._step / self._n_steps)
            for group in self._optimizer.param_groups:
                group["lr"] = rate
            self._optimizer.step()
            self._step += 1
        return True

    @torch.no_grad()
    def outputs(self, x: Tensor) -> Tensor:
        """Probabilities of classes, or values, (N, C) or (N, 1)."""
        self.network.eval()
        outputs: Tensor = self.network(x)
        return outputs.softmax(dim=1) if self._is_classes else outputs

    @torch.no_grad()
    def losses(self, *, of_train: bool = False) -> list[float]:
        """The plain loss of the validation rows; of the train rows before it where asked for."""
        self.network.eval()
        splits = [self._train, self._valid] if of_train else [self._valid]
        plain = functional.cross_entropy if self._is_classes else functional.mse_loss
        return torch.stack([plain(self.network(x), y) for x, y in splits]).tolist()


def train(params: Params, arrays: Arrays, n_epochs: int, seed: int) -> float:
    """Train one trial and measure both losses each epoch; returns its best validation loss."""
    training = Training(params, arrays, n_epochs, seed)
    best_loss, best_weights = math.inf, {}
    for _ in range(n_epochs):
        training.train_epoch()
        losses = training.losses(of_train=True)
        if losses[1] < best_loss:
            best_loss = losses[1]
            best_weights = copy.deepcopy(training.network.state_dict())
        if not all(map(math.isfinite, losses)):
            break
    del best_weights
    return best_loss

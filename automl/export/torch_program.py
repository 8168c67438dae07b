"""A trained model as one module of PyTorch, from raw numbers to predictions, and its program.

It is called with the typed columns of rows: numbers (N, n) float64, NaN where one is missing, and
codes (N, m) int64 of categories. Imputation, scaling, encoding, all networks, their weighted
mean, the target's way back and the decision between classes are in it, and so in the program that
`torch.export` makes of it, which needs nothing of this project. Texts cannot be in one: which
number stands for which category is said beside it (`ProgramInputs`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from automl.data.array.encoder import ArrayEncoder
from automl.data.array.inputs import ArrayInputs
from automl.data.inputs import Inputs
from automl.data.table.category_encoding import CategoryEncoding
from automl.data.table.columns import MISSING_CATEGORY
from automl.data.table.inputs import TableInputs
from automl.data.table.number_encoding import EDGE, FARTHEST, LOWEST
from automl.data.table.preprocessing import Preprocessor
from automl.errors import ConfigError, reason_of
from automl.models.family import find_family
from automl.training.predictions import read_out
from automl.training.trained_model import TrainedModel, TrainedNetwork
from storage.records import Json

MISSING_CODE: Final = 0
"""Of an empty cell; the categories that are listed follow from 1 on."""

OTHER_CODE: Final = -1
"""Of a category that is not listed."""

EXAMPLE_ROWS: Final = 3
"""A program is traced with so many; its number of rows stays free."""


@dataclass(frozen=True, slots=True)
class ProgramInputs:
    """What a program is called with, in the order of its columns."""

    numbers: tuple[str, ...]  # typed columns: truth values are 0 and 1, dates their parts
    codes: Mapping[str, tuple[str, ...]]  # of each column the categories, the first one's code 1
    missing_code: int = MISSING_CODE
    other_code: int = OTHER_CODE

    def to_dict(self) -> dict[str, Json]:
        """As plain values."""
        return asdict(self)


def program_inputs(tables: Sequence[Preprocessor]) -> ProgramInputs:
    """The inputs of a program of networks with this preprocessing, that of each network."""
    used = [plan for plan in tables[0].plans if not plan.dropped]
    numbers = tuple(name for p in used if p.kind != "categorical" for name in p.outputs)
    names = [plan.name for plan in used if plan.kind == "categorical"]
    known = {
        name: {one for table in tables for one in table.named_categories(name)} for name in names
    }
    return ProgramInputs(numbers, {name: tuple(sorted(known[name])) for name in names})


class NumberReading(nn.Module):
    """Numbers as a network takes them: see `NumberEncoding`."""

    def __init__(self, table: Preprocessor, given: ProgramInputs) -> None:
        super().__init__()
        learned = table.numbers
        self.columns = [given.numbers.index(name) for name in table.number_names]
        _keep(self, "fills", learned.fills)
        _keep(self, "means", learned.means)
        _keep(self, "deviations", learned.deviations)
        _keep(self, "quantiles", np.ascontiguousarray(learned.quantiles.T))
        _keep(self, "shares", np.linspace(0, 1, len(learned.quantiles)))

    fills: Tensor
    means: Tensor
    deviations: Tensor
    quantiles: Tensor
    shares: Tensor

    def forward(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Standardized numbers, and the same by their ranks, (N, D) each."""
        own = numbers[:, self.columns]
        standardized = (torch.where(own.isnan(), self.fills, own) - self.means) / self.deviations
        return standardized, self._normal(standardized)

    def _normal(self, numbers: Tensor) -> Tensor:
        """The rank of each number among the quantiles of its column, as a normal deviate."""
        below = _interpolated(numbers, self.quantiles, self.shares)
        above = _interpolated(-numbers, -self.quantiles.flip(1), -self.shares.flip(0))
        ranks = (below - above) * 0.5
        ranks = torch.where(numbers + EDGE > self.quantiles[:, -1], 1.0, ranks)
        ranks = torch.where(numbers - EDGE < self.quantiles[:, 0], 0.0, ranks)
        normal: Tensor = torch.special.ndtri(ranks)
        return normal.clamp(LOWEST, FARTHEST)


class TableReading(nn.Module):
    """What the preprocessing of one fold makes of typed columns: see `Preprocessor`."""

    def __init__(self, table: Preprocessor, given: ProgramInputs) -> None:
        super().__init__()
        self.numbers = NumberReading(table, given)
        self.booleans = [given.numbers.index(name) for name in table.booleans]
        self.flagged = [given.numbers.index(name) for name in table.flagged]
        _keep(self, "usual", list(table.booleans.values()))
        self.one_hot = _categories(table.one_hot, given)
        self.embedded = _categories(table.embedded, given)

    usual: Tensor

    def forward(self, numbers: Tensor, codes: Tensor) -> TableInputs:
        """Encode rows: numbers (N, n) float64, codes (N, m)."""
        standardized, normal = self.numbers(numbers)
        truths = numbers[:, self.booleans]
        marks = [
            torch.where(truths.isnan(), self.usual, truths),
            numbers[:, self.flagged].isnan(),
            *(of.one_hot(codes) for of in self.one_hot),  # type: ignore[operator]
        ]
        rest = [each.float() for each in marks]
        embedded = [of(codes) + 1 for of in self.embedded]
        return TableInputs(
            torch.cat([standardized.float(), *rest], dim=1),
            torch.cat([normal.float(), *rest], dim=1),
            torch.stack(embedded, dim=1) if embedded else codes[:, :0],
        )


class CategoryPlaces(nn.Module):
    """From the codes of one column to the places of its frequent categories; -1: rare or none."""

    def __init__(self, column: int, categories: Sequence[str], encoding: CategoryEncoding) -> None:
        super().__init__()
        self.column, self.n_known = column, len(categories) + 1
        places = {name: place for place, name in enumerate(encoding.frequent)}
        known = [places.get(name, -1) for name in (MISSING_CATEGORY, *categories)]
        _keep(self, "places", [*known, -1], torch.int64)
        kept = [*range(len(encoding.frequent)), *([-1] if encoding.rare else [])]
        _keep(self, "kept", kept, torch.int64)

    places: Tensor
    kept: Tensor

    def forward(self, codes: Tensor) -> Tensor:
        """The places, (N,)."""
        own = codes[:, self.column]
        is_known = (own >= 0) & (own < self.n_known)
        return self.places[torch.where(is_known, own, self.n_known)]

    def one_hot(self, codes: Tensor) -> Tensor:
        """A column for each place, as of `CategoryEncoding`, (N, C)."""
        return self.forward(codes)[:, None] == self.kept


class Program(nn.Module):
    """All of a model: of a quantity its values, (N,) float64; of classes their codes and shares.

    Called with numbers and codes of a table, or with the values of an array.

    Shape:
        codes of classes: (N,) int64, places in the model's `classes_`; shares: (N, C) float64.
    """

    def __init__(self, model: TrainedModel) -> None:
        super().__init__()
        networks = [member.network for member in model.members]
        tables = tables_of(model)
        readings = {id(table): place for place, table in enumerate(_distinct(tables))}
        given = program_inputs(tables) if tables else None
        self.readings = nn.ModuleList(
            TableReading(table, given) for table in _distinct(tables) if given is not None
        )
        self.reading_of = [readings.get(id(one.encoder)) for one in networks]
        self.networks = nn.ModuleList(model.modules)
        self._model = [model]  # in a list: it is no part of the module

    def forward(self, *rows: Tensor) -> tuple[Tensor, ...]:
        """Predict rows."""
        model = self._model[0]
        read: list[Inputs] = [reading(*rows) for reading in self.readings]
        total: Any = 0.0
        for member, module, place in zip(
            model.members, self.networks, self.reading_of, strict=True
        ):
            inputs = ArrayInputs(rows[0]) if place is None else read[place]
            total = total + member.weight * _predicted(model, member.network, module, inputs)
        mean: Tensor = total / sum(member.weight for member in model.members)
        if model.task == "regression":
            return (mean,)
        if model.threshold is None:
            return mean.argmax(dim=1), mean
        return (mean[:, 1] > model.threshold).long(), mean


def _predicted(
    model: TrainedModel, network: TrainedNetwork, module: nn.Module, inputs: Inputs
) -> Tensor:
    """What one network predicts, float64."""
    family, encoding = find_family(network.run.family), network.encoder.encoding
    arguments = family.read(inputs, encoding, network.run.model)
    dtype = next(one.dtype for one in network.weights.values() if one.is_floating_point())
    given = [one.to(dtype) if one.is_floating_point() else one for one in arguments]
    outputs = network.target.readout.values(module(*given).to(dtype))
    return read_out(outputs, model.task, network.target).double()


def traced(model: TrainedModel) -> bytes:
    """The program of a model, as `torch.export.save` writes it.

    Raises:
        ConfigError: PyTorch cannot trace a network, which is a person's own.
    """
    program, example = Program(model).eval().requires_grad_(False), _example(model)
    rows = torch.export.Dim.DYNAMIC  # an error where a network is bound to a number of rows
    try:
        with torch.no_grad():
            exported = torch.export.export(
                program, example, dynamic_shapes={"rows": tuple({0: rows} for _ in example)}
            )
    except Exception as error:  # torch raises many kinds, and whatever a person's module does
        raise ConfigError(
            "a network is written as a torch program if torch.export can trace it, but it says: "
            f"{reason_of(error)}; let forward compute with torch's functions alone, whatever the "
            "values and the number of rows are, or choose another format"
        ) from error
    for module in exported.graph_module.modules():
        for node in module.graph.nodes if isinstance(module, torch.fx.GraphModule) else ():
            node.meta.pop("stack_trace", None)  # paths of this machine
    content = BytesIO()
    torch.export.save(exported, content)
    return content.getvalue()


def _example(model: TrainedModel) -> tuple[Tensor, ...]:
    encoder = model.members[0].network.encoder
    if isinstance(encoder, ArrayEncoder):
        encoding = encoder.array_encoding
        dtype = torch.int64 if encoding.is_whole else torch.float32
        return (torch.zeros(EXAMPLE_ROWS, *encoding.shape, dtype=dtype),)
    given = program_inputs(tables_of(model))
    numbers = torch.zeros(EXAMPLE_ROWS, len(given.numbers), dtype=torch.float64)
    return numbers, torch.zeros(EXAMPLE_ROWS, len(given.codes), dtype=torch.int64)


def tables_of(model: TrainedModel) -> list[Preprocessor]:
    """The preprocessing of each network; none of those that read arrays."""
    encoders = [member.network.encoder for member in model.members]
    return [encoder for encoder in encoders if isinstance(encoder, Preprocessor)]


def _distinct(tables: Sequence[Preprocessor]) -> list[Preprocessor]:
    return list({id(table): table for table in tables}.values())


def _categories(encodings: Mapping[str, CategoryEncoding], given: ProgramInputs) -> nn.ModuleList:
    places = {name: place for place, name in enumerate(given.codes)}
    return nn.ModuleList(
        CategoryPlaces(places[name], given.codes[name], encoding)
        for name, encoding in encodings.items()
    )


def _keep(
    module: nn.Module, name: str, values: ArrayLike, dtype: torch.dtype = torch.float64
) -> None:
    module.register_buffer(name, torch.tensor(np.asarray(values), dtype=dtype))


def _interpolated(numbers: Tensor, knots: Tensor, values: Tensor) -> Tensor:
    """What `numpy.interp` makes of each column: straight pieces between knots, level outside.

    Shape:
        numbers, result: (N, D); knots: (D, Q), ascending; values: (Q,).
    """
    columns = numbers.T.contiguous()
    last = len(values) - 1
    place = torch.searchsorted(knots.contiguous(), columns, right=True) - 1
    inner = place.clamp(0, max(0, last - 1))
    low, high = knots.gather(1, inner), knots.gather(1, (inner + 1).clamp(max=last))
    first, second = values[inner], values[(inner + 1).clamp(max=last)]
    between = (second - first) / (high - low) * (columns - low) + first
    reached = torch.where(columns == low, first, between)
    reached = torch.where(place < 0, values[0], torch.where(place >= last, values[last], reached))
    return reached.T

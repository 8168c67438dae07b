"""What a kind of data becomes when it is loaded: a data set, with all there is to say of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias, runtime_checkable

from automl.data.dataset import Dataset
from automl.data.encoders import Encoder
from automl.data.targets import Target
from automl.options.data_options import DataOptions
from storage.records import DataCheckRecord, Json

Probe: TypeAlias = Callable[[], tuple[DataCheckRecord, ...]]


class Probes:
    """Checks of the data that take time: for once training has begun.

    Args:
        prepare: gives what runs them all, which holds no more than it looks at, and can be sent
            to another process if that is to run them. What `prepare` holds, the table as it was
            read, is freed with the first call.
    """

    def __init__(self, prepare: Callable[[], Probe] = lambda: tuple) -> None:
        self._prepare = prepare

    def prepared(self) -> Probe:
        """What runs them; the next call gives what runs none."""
        prepare = self._prepare
        self.forget()
        return prepare()

    def forget(self) -> None:
        """Do without them."""
        self._prepare = lambda: tuple


@dataclass(frozen=True, slots=True)
class LoadedData:
    """The data of a study with everything there is to say about them."""

    dataset: Dataset
    encoders: tuple[Encoder, ...]  # one per fold
    goal: Target  # what is predicted
    name: str  # "titanic" for datasets/titanic.csv.gz, "digits" for sklearn:digits, else "data"
    source: str  # as the person gave it, or "DataFrame", "arrays"
    columns: Mapping[str, str]  # column -> kind, or "dropped: why"
    messages: tuple[str, ...]  # lines for a person, in the order things happened
    data_checks: tuple[DataCheckRecord, ...]
    fingerprint: str  # of the content: the same for a file, its gzip and its DataFrame
    split: Mapping[str, Json]  # for StudySettings.split
    probes: Probes = field(default_factory=Probes)  # further checks, for later

    @property
    def n_rows(self) -> dict[str, int]:
        """Rows to train and validate (of the first fold), and to test."""
        fold = self.dataset.folds[0]
        return {name: len(fold.split(name)) for name in ("train", "valid", "test")}

    def probed(self) -> LoadedData:
        """The same with all checks done."""
        return replace(self, data_checks=(*self.data_checks, *self.probes.prepared()()))


@runtime_checkable
class Loadable(Protocol):
    """Data that know how to load themselves: any object with this method is a kind of data."""

    def load_data(self, options: DataOptions) -> LoadedData:
        """Split and encode the data, and say what they are.

        Raises:
            DataError, ConfigError: in one line, with the rule, the value and the fix.
        """

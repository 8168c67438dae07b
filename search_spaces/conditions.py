"""When a parameter of a search space is there: momentum only for optimizers that have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from search_spaces.errors import SearchSpaceError
from storage.records import ParameterValue


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds where each of the named parameters has one of the listed values."""

    values: tuple[tuple[str, tuple[ParameterValue, ...]], ...]

    @classmethod
    def of(cls, table: Mapping[str, object], *, parameter: str = "") -> Condition:
        """Read `{optimizer = ["momentum", "nesterov"]}`."""
        read: list[tuple[str, tuple[ParameterValue, ...]]] = []
        for name, values in table.items():
            if not isinstance(values, list | tuple) or not values:
                raise SearchSpaceError(
                    f"A condition lists the values of another parameter, as in "
                    f'{name} = ["..."], but got {name} = {values!r}.',
                    parameter=parameter,
                    key="when",
                )
            read.append((name, tuple(values)))
        return cls(tuple(read))

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that it depends on."""
        return tuple(name for name, _ in self.values)

    def holds(self, params: Mapping[str, ParameterValue]) -> bool:
        """Whether it is true of these params; a parameter that is absent has no value."""
        return all(name in params and params[name] in values for name, values in self.values)

    def to_dict(self) -> dict[str, list[ParameterValue]]:
        """The TOML table it is read from."""
        return {name: list(values) for name, values in self.values}

    def __str__(self) -> str:
        return " and ".join(
            f"{name} is {' or '.join(map(str, values))}" for name, values in self.values
        )


def read_conditions(name: str, when: object) -> tuple[Condition, ...]:
    """The conditions of a parameter: one table, or a list of them, of which any may hold.

    Raises:
        SearchSpaceError: it is neither.
    """
    tables = [when] if isinstance(when, Mapping) else when
    if not isinstance(tables, list | tuple) or not all(isinstance(t, Mapping) for t in tables):
        raise SearchSpaceError(
            f'`when` of {name} must be a table like {{optimizer = ["momentum"]}} or a list of '
            f"such tables, but got {when!r}.",
            parameter=name,
            key="when",
        )
    return tuple(Condition.of(table, parameter=name) for table in tables)

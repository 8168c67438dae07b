"""How one call searches: what may differ each time a study is continued.

Nothing here changes what a trial's value is, so trials of one study stay comparable whatever
they were asked under.
"""

from __future__ import annotations

from dataclasses import dataclass

from automl.options.option import option
from automl.options.search_options import PolicyOptions
from automl.options.values import whole
from automl.tuning.order import Slots
from automl.tuning.stacking import slots_of


@dataclass(frozen=True, kw_only=True)
class CallOptions(PolicyOptions):
    """How to search: what a person has chosen, and how many trials train at once."""

    n_slots: int = option(
        0, whole(0)
    )  # fixed by a person, or by too little memory; 0: they grow with the study

    @property
    def slots(self) -> Slots:
        """How many trials are unfinished at once."""
        return slots_of(self.n_slots)

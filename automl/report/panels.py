"""What a figure's file gives to a page: panels, or remarks where there is nothing to see.

A panel is one Plotly figure with its heading, its words and its place in the page; here it
becomes JSON that is safe inside a script element. `automl/report/figures/` has a file for each
kind of figure, in the shape of `FigureModule`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

import plotly.graph_objects as go
from plotly.io.json import to_json_plotly

from automl.errors import ConfigError
from automl.options.spoken import spoken
from automl.report import style
from automl.report.numbers.study import StudyTable
from automl.study_advice import text_naming_study
from automl.wording.counts import count


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the page panels stand; neighbours of one place stand beside each other."""

    part: str  # key of one of `page.PARTS`
    width: Literal["full", "half", "third"] = "full"
    heading: str = ""  # above all panels of this place
    legend: tuple[tuple[str, str], ...] = ()  # of all of them: the style of a key, what it means
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure in the page."""

    place: Place
    key: str  # the HTML id: letters, digits and hyphens
    title: str
    alternative: str  # what it shows, for those who cannot see it
    figure: go.Figure
    caption: str = ""
    choices: Mapping[str, Sequence[go.Scatter]] = field(default_factory=dict)  # other traces
    choices_label: str = ""
    is_wide: bool = False  # scrolls sideways on a phone instead of being squeezed

    @property
    def height(self) -> int:
        """Pixels that the page keeps free before the figure is drawn."""
        return int(self.figure.layout.height)

    @property
    def json(self) -> str:
        """Traces and layout; the page brings the template itself."""
        content = self.figure.to_dict()
        content["layout"].pop("template", None)
        if self.choices:
            content["choices"] = {
                label: go.Figure(traces, layout={"template": style.NO_TEMPLATE}).to_dict()["data"]
                for label, traces in self.choices.items()
            }
        return escaped(to_json_plotly(content))


@dataclass(frozen=True, slots=True)
class Remark:
    """What is said in the place of a figure that would show nothing."""

    place: Place
    key: str
    title: str
    text: str


Drawn: TypeAlias = Callable[..., go.Figure]


class FigureModule(Protocol):
    """What every file of `automl/report/figures/` has: one kind of figure, whole."""

    __name__: str

    def panels(self, table: StudyTable) -> Sequence[Panel | Remark]:
        """What the page shows of it; nothing where a study has nothing of the kind."""

    @property
    def figure(self) -> Drawn:
        """The figure alone, for notebooks: of a table, and of what a person chooses.

        It raises `ConfigError` where there is nothing to show, or what is chosen does not exist.
        """


def alone(panels: Callable[[StudyTable], Sequence[Panel | Remark]], nothing: str) -> Drawn:
    """A `figure` for modules in which a person chooses nothing: that of their first panel.

    Args:
        nothing: a sentence on why there is none, where no remark says so; commands in it are on
            STUDY, and said of the study that is drawn.
    """

    def figure(table: StudyTable) -> go.Figure:
        made = panels(table)
        for panel in made:
            if isinstance(panel, Panel):
                return panel.figure
            raise ConfigError(f"There is no such figure. {panel.text}")
        said = text_naming_study(nothing, table.records.settings.study_name, table.storage)
        raise ConfigError(f"There is no such figure. {spoken(said)}")

    return figure


def omitted(n: int) -> str:
    """The end of a caption: how many trials are too many to be drawn."""
    return f" {count(n, 'further trial')} left out; the best are always drawn." if n else ""


def safe_json(content: object) -> str:
    """JSON that cannot end the script element it stands in, whatever text is in it."""
    compact = json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return escaped(compact)


def escaped(text: str) -> str:
    """JSON with the signs that mean something to HTML written as escapes."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text

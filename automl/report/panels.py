"""A panel: one figure with its heading, its words, and what a person can choose in it.

The modules of `automl/report` that make the page's parts return panels, or a remark where there
is nothing to see; `page.py` puts them into the HTML file. Here a Plotly figure becomes JSON that
is safe inside a script element.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import plotly.graph_objects as go
from plotly.io.json import to_json_plotly

from automl.report import style


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure in the page."""

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

    key: str
    title: str
    text: str


def safe_json(content: object) -> str:
    """JSON that cannot end the script element it stands in, whatever text is in it."""
    compact = json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return escaped(compact)


def escaped(text: str) -> str:
    """JSON with the signs that mean something to HTML written as escapes."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text

"""A panel: one figure with its heading, its words, and what a person can choose in it.

The modules of `automl/report` that make the nine parts return panels; `page.py` puts them
into the HTML file. Here a Plotly figure becomes JSON that is safe inside a script element.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import plotly.graph_objects as go


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure in the page."""

    key: str  # the HTML id: letters, digits and hyphens
    title: str
    alternative: str  # what it shows, for those who cannot see it
    figure: go.Figure
    caption: str = ""
    choices: Mapping[str, go.Figure] = field(default_factory=dict)  # label -> other traces
    choices_label: str = ""
    is_wide: bool = False  # scrolls sideways on a phone instead of being squeezed

    @property
    def height(self) -> int:
        """Pixels that the page keeps free before the figure is drawn."""
        return int(self.figure.layout.height)

    @property
    def json(self) -> str:
        """Traces and layout; the page brings the template itself."""
        content = json.loads(self.figure.to_json())
        content["layout"].pop("template", None)
        if self.choices:
            content["choices"] = {
                label: json.loads(figure.to_json())["data"]
                for label, figure in self.choices.items()
            }
        return safe_json(content)


def safe_json(content: object) -> str:
    """JSON that cannot end the script element it stands in, whatever text is in it."""
    compact = json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for character in "<>&\u2028\u2029":
        compact = compact.replace(character, f"\\u{ord(character):04x}")
    return compact

"""The README's pictures of a report and of a notebook, made anew from a search.

    automl search sklearn:breast_cancer --n-trials 40 --max-epochs 30
    python docs/pictures.py breast_cancer-target

Each is what a browser shows, at its own size: a page that has changed is pictured as it is. Needs
Chromium. Those of dashboard and playground are of their own windows, and made by hand.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import automl

FOLDER: Final = Path(__file__).resolve().parent / "screenshots"

BROWSER: Final = (
    *("chromium", "--headless", "--no-sandbox", "--hide-scrollbars"),
    *("--virtual-time-budget=8000", "--blink-settings=preferredColorScheme=1"),
)

CELL: Final = """<!doctype html><meta charset="utf-8">
<body style="font: 14px/1.4 system-ui, sans-serif; margin: 1.2rem; color: #1f2328">
<pre style="background: #f6f7f9; border: 1px solid #dfe3e8; padding: .6rem; font-size: 13px"
>result = automl.load_study("{study}")
result</pre>{output}"""
"""A notebook's cell that ends with a result; what stands below it is the result's own HTML."""


def picture(page: str, name: str, width: int, height: int) -> Path:
    """Show a page and keep what is seen of it."""
    path = FOLDER / f"{name}.png"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(page, encoding="utf-8")
        command = [*BROWSER, f"--window-size={width},{height}", f"--screenshot={path}"]
        subprocess.run([*command, file.as_uri()], check=True, capture_output=True)
    return path


def alone(page: str, part: str) -> str:
    """A report of which one part is seen, unfolded."""
    style = (
        ".contents, .head, main > section, footer { display: none } "
        f"main > #{part} {{ display: block; margin: 0; border: 0 }}"
    )
    opened = page.replace('<details class="part">', '<details class="part" open>')
    return opened.replace("</style>", f"{style}</style>", 1)


def main() -> None:
    """Make all of them, and say how large they are."""
    parser = argparse.ArgumentParser(description="Make the README's pictures of a study.")
    parser.add_argument("study")
    parser.add_argument("--storage", default="sqlite:///automl.db")
    options = parser.parse_args()
    result = automl.load_study(options.study, options.storage)
    with tempfile.TemporaryDirectory() as folder:
        page = result.report(Path(folder) / "report.html").read_text(encoding="utf-8")
    cell = CELL.format(study=options.study, output=result._repr_html_())
    for path in (
        picture(page, "report-light", 1280, 660),
        picture(alone(page, "result"), "report-answer", 1000, 850),
        picture(alone(page, "columns"), "report-columns", 900, 720),
        picture(cell, "notebook", 860, 340),
    ):
        print(path, f"{path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()

"""Which part of a search a sampled stack belongs to, and the core-seconds of each part.

A stack belongs to the part of its innermost frame that `PARTS` names. All that the cores could
have done from the command's beginning to its end is divided: before the first network trains it
is `start`, after the last one `end`; between them processor time by part, and `waiting`, which
is what no process of the search has used. Sampling itself is a part too.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.stack_sampling import WINDOW

ROOT = Path(__file__).resolve().parent.parent
TRAINING = "training"
PARTS: Mapping[str, tuple[str, ...]] = {
    "proposals": (
        "automl/tuning/asking.py",
        "automl/tuning/samplers.py",
        "automl/tuning/tpe",
        "search_spaces",
    ),
    "stacks": (
        "automl/models/mlp/initialization.py",
        "automl/stacked/blocks.py",
        "automl/stacked/memory.py",
        "automl/stacked/native_description.py",
        "automl/stacked/places.py:begin",
        "automl/stacked/planning.py",
        "automl/stacked/stack_passes.py",
        "automl/stacked/stacks.py:groups",
    ),
    TRAINING: (
        "automl/stacked/native_run.py:_trained",
        "automl/stacked/stack.py:train_epoch",
        "automl/training/plain.py",
    ),
    "measuring": (
        "automl/stacked/evaluation.py",
        "automl/stacked/native_scores.py",
        "automl/training/scores.py",
    ),
    "signals": (
        "automl/stacked/native_run.py:measured_layers",
        "automl/stacked/signals.py",
        "automl/training/gradients.py",
    ),
    "storage": ("storage", "thread storage-flush"),
    "dashboard": ("automl/console", "automl/report"),
    "coordination": ("automl/executors", "automl/tuning", "automl/session"),
    "loading": ("automl/executors/workers/process_server.py", "import"),
    "sampling": ("stack-samples",),
}
"""Part -> paths from the project's root, of a folder, a module or one of its functions."""

WHOLE: Mapping[str, str] = {
    "automl/executors/reference_worker.py": "references",
    "automl/executors/guarded_training.py:_look": "preflight",
}
"""What is a part with all that it calls: the process that fits linear model and trees, a look."""

PHASES = ("start", "waiting", "end")
"""What no processor time between the first and the last training is of."""

NAMES = ("start", *PARTS, *WHOLE.values(), "other", "waiting", "end")

_PART_OF = {path: part for part, paths in PARTS.items() for path in paths}


def part_of(stack: Sequence[str]) -> str:
    """The part of a stack of `path:function`, outermost first."""
    named = [(frame, frame.partition(":")[0]) for frame in stack]
    for name in (name for names in named for name in names):
        if name in WHOLE:
            return WHOLE[name]
    for frame, path in reversed(named):
        for name in (frame, path, *_folders(path)):
            if name in _PART_OF:
                return _PART_OF[name]
    return "other"


def _folders(path: str) -> Iterable[str]:
    return (str(folder) for folder in Path(path).parents)


@dataclass(frozen=True, slots=True)
class Profile:
    """What the processes of a search did.

    Attributes:
        core_seconds: by part; together the cores times the command's seconds.
        first_training, last_training: seconds from the command's beginning.
        missed: processor seconds of the command that no sample tells of.
        functions: processor seconds by part and innermost function of the project.
    """

    core_seconds: Mapping[str, float]
    first_training: float
    last_training: float
    missed: float
    functions: Mapping[tuple[str, str], float]

    def share(self, part: str) -> float:
        """A part's share of all core-seconds."""
        return self.core_seconds[part] / sum(self.core_seconds.values())


@dataclass(frozen=True, slots=True)
class _Window:
    at: float  # its end
    seconds: float
    used: Mapping[tuple[str, str], float]  # processor seconds by part and function

    @property
    def is_training(self) -> bool:
        return any(part == TRAINING for part, _ in self.used)


def read_profile(
    folder: Path, began: float, seconds: float, used_seconds: float, n_cores: int
) -> Profile:
    """The profile of a command.

    Args:
        began: when it did, as `time.time` counts.
        seconds: from its beginning to its end.
        used_seconds: of the processors, by the system's account.

    Raises:
        ValueError: no sample is of training.
    """
    windows = [window for path in folder.glob("*.jsonl") for window in _windows(path)]
    trained = [window.at for window in windows if window.is_training]
    if not trained:
        raise ValueError(
            f"no sample is of {' or '.join(PARTS[TRAINING])}: no time was left to train, or the "
            "table in search_parts.py is not true any more"
        )
    first, last = min(trained) - WINDOW - began, max(trained) - began
    core_seconds = dict.fromkeys(NAMES, 0.0)
    functions: defaultdict[tuple[str, str], float] = defaultdict(float)
    for window in windows:
        at = window.at - began
        phase = "start" if at < first else "end" if at > last else None
        for (part, function), used in window.used.items():
            functions[phase or part, function] += used
            core_seconds[part] += 0.0 if phase else used
    core_seconds["waiting"] = n_cores * (last - first) - sum(core_seconds.values())
    core_seconds["start"] = n_cores * first
    core_seconds["end"] = n_cores * (seconds - last)
    missed = used_seconds - sum(window.seconds for window in windows)
    return Profile(core_seconds, first, last, missed, functions)


def _windows(path: Path) -> Iterable[_Window]:
    for text in path.read_text().splitlines():
        try:
            line = json.loads(text)
        except ValueError:  # killed while it wrote
            continue
        used: defaultdict[tuple[str, str], float] = defaultdict(float)
        for stack, seconds in line["stacks"]:
            used[part_of(stack), _innermost(stack)] += seconds
        used["other", "in no stack"] = max(0.0, line["seconds"] - sum(used.values()))
        yield _Window(line["at"], line["seconds"], used)


def _innermost(stack: Sequence[str]) -> str:
    """The innermost function of the project, or of what is not."""
    own = [frame for frame in stack if (ROOT / frame.partition(":")[0]).exists()]
    return own[-1] if own else stack[-1]

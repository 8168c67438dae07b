"""Moments as machines read them, ISO 8601 in UTC, and as people do: how long ago, or the day."""

from __future__ import annotations

from datetime import UTC, datetime


def iso_moment(seconds: float | None) -> str | None:
    """A moment such as "2026-11-28T07:31:05.250Z"; None where it is not known.

    Args:
        seconds: since 1970, UTC.
    """
    if not seconds:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def brief_moment(seconds: float, now: float) -> str:
    """A moment in a list: "just now", "25 min ago", "3 h ago", then the day, "2026-11-28".

    A dash where it is not known.

    Args:
        seconds, now: since 1970, UTC; the day is that of this machine's clock.
    """
    if not seconds:
        return "–"
    ago = now - seconds
    if 0 <= ago < 60:
        return "just now"
    if 0 <= ago < 3600:
        return f"{int(ago // 60)} min ago"
    if 0 <= ago < 24 * 3600:
        return f"{int(ago // 3600)} h ago"
    return datetime.fromtimestamp(seconds).astimezone().date().isoformat()

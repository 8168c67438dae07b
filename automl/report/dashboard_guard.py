"""Whom the dashboard answers: pages of this machine only, though a browser asks for any page.

The server listens on the loopback address, but a browser on this machine asks it for whatever
page it shows. A page elsewhere whose name is made to point here (DNS rebinding) would count as
the same site and could read and delete studies; it gives itself away by the name in `Host`. A
page that just sends requests here gives itself away by `Origin` and `Sec-Fetch-Site`. Neither
needs a password, so this is no protection from other people on this machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from automl.errors import ConfigError
from automl.wording.option_names import named

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
READING = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_SITE = frozenset({"same-origin", "none"})  # none: typed by the person


def host_names(names: Iterable[str] = ()) -> frozenset[str]:
    """The names under which the dashboard may be asked for: those of loopback, and a person's.

    Raises:
        ConfigError: one is no name of a host.
    """
    found = set(LOOPBACK)
    for name in names:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\]", name.lower()):
            raise ConfigError(
                "a host name must be one as in an address, without a port, such as "
                f"lab.example.org or [::1], but got {name!r}"
            )
        found.add(name.lower())
    return frozenset(found)


def guarded(application: WSGIApplication, names: frozenset[str]) -> WSGIApplication:
    """The same application, which refuses what other pages ask for, in one line."""

    def answer(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        reason = _why_not(environ.get, names)
        if reason is None:
            return application(environ, start_response)
        body = f"{reason}\n".encode()
        start_response(
            "403 Forbidden",
            [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))],
        )
        return [body]

    return answer


def _why_not(header: Callable[[str, str], str], names: frozenset[str]) -> str | None:
    """Why a request is refused; None if it is not."""
    host = header("HTTP_HOST", "").lower()
    if re.sub(r":[0-9]*$", "", host) not in names:
        return (
            f"The dashboard answers to localhost and to names given with {named('host_name')}, "
            f"but was asked for as {host[:80]!a}."
        )
    if header("REQUEST_METHOD", "GET") in READING:
        return None
    site = header("HTTP_SEC_FETCH_SITE", "none")
    origin = header("HTTP_ORIGIN", "")
    if site not in OWN_SITE or (origin and _host_of(origin) != host):
        return "Studies are changed from the dashboard's own pages only, not from another site."
    return None


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""

"""Head: what an exported file says of itself, before its records."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from ensue.core.app import App
from ensue.core.canonical import Json
from ensue.errors import FormatError

FORMAT: Final = 1


class Head(NamedTuple):
    """Whose records a file holds: the application's name and the ledger's uid."""

    app: str
    ledger: str

    def members(self) -> dict[str, Json]:
        """As J1."""
        return {"ensue_export": FORMAT, "app": self.app, "ledger": self.ledger}


def head_from(members: Any, app: App) -> Head:
    """
    The head that *members* say, of a file that holds records of *app*.

    Raises:
        FormatError: no head, that of a later format, or one of another application.
    """
    if type(members) is not dict or "ensue_export" not in members:
        raise FormatError(f"expected the head of an export of events, found {members!r:.60}")
    if members["ensue_export"] != FORMAT:
        raise FormatError(f"expected format {FORMAT}, found {members['ensue_export']!r:.20}; read the file with the release that wrote it")
    if members.get("app") != app.name or type(members.get("ledger")) is not str:
        raise FormatError(f"expected events of the application {app.name!r}, found those of {members.get('app')!r:.60}")
    return Head(members["app"], members["ledger"])

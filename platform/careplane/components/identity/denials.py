"""Notes of whom the gateway refused: each an audit row whose caller is the user, not the gateway that tells of them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from careplane.components.audit import NoteDenial
from careplane.components.identity.api import IDENTITY
from careplane.kernel.message import Empty
from careplane.storage.database import Database
from careplane.storage.group_commit import GroupCommit
from careplane.storage.journal import Applied, Bare, bare_journal, entry_for

_NOTE_DENIAL = IDENTITY.methods["note_denial"]


class Denials:
    """Writes the notes."""

    def __init__(self, database: Database) -> None:
        """Write to the audit of the component's database."""
        self._notes: GroupCommit[Bare, Applied] = GroupCommit(bare_journal(database).flush)

    @property
    def commits(self) -> Mapping[str, GroupCommit[Any, Any]]:
        """The group commit, by the name of what it writes."""
        return {"denials": self._notes}

    async def note(self, request: NoteDenial) -> Empty:
        """Return when the note is durable."""
        detail = {"outcome": "denied", "scope": request.scope}
        entry = entry_for(_NOTE_DENIAL, request, Empty(), subject=request.subject, detail=detail)
        action = f"{request.method} {request.path}"
        await self._notes.submit(Bare(msgspec.structs.replace(entry, caller=request.caller, action=action)))
        return Empty()

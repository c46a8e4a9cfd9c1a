"""What the hashes of passwords cost that are kept: a user's is made anew, at today's cost, only when they sign in."""

from typing import Final

from careplane.storage.database import Database

_MOST: Final = 10
# language=postgresql
_IN_USE = r"""
SELECT min(password_hash) AS hashed, count(*) AS users FROM users
WHERE password_hash ~ '^\$argon2id\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$'
GROUP BY substring(password_hash FROM '^.*,p=\d+\$') COLLATE "C" ORDER BY count(*) DESC, 1 LIMIT $1
"""


async def hashes_in_use(database: Database) -> list[tuple[str, int]]:
    """Return a hash for each set of parameters, and how many users have such a one; the rarest may be left out."""
    return [(row["hashed"], row["users"]) for row in await database.fetch(_IN_USE, _MOST)]

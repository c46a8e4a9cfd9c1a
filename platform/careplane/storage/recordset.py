"""Rows on their way into a statement as one JSON array, which PostgreSQL reads with `json_to_recordset`.

An array for each column costs ten times as much to send: asyncpg looks at each element of each in Python. It is `json`,
not `jsonb`, so that every column reads its own part as it was written, numbers digit by digit.
https://www.postgresql.org/docs/18/functions-json.html
"""

from collections.abc import Sequence

import msgspec

_encode = msgspec.json.Encoder().encode


def recordset(rows: Sequence[msgspec.Struct]) -> str:
    """Return the argument of `json_to_recordset`: objects whose keys are the structs' fields, bytes in base64."""
    return _encode(rows).decode()

"""The dictionary of name words in the database: taught as a patient is written, asked when one is looked for."""

from collections.abc import Iterable, Sequence
from itertools import islice

from careplane.components.patient.search.expansion import MAX_PREFIX_WORDS, ranges, slipping
from careplane.components.patient.search.ports import Connection
from careplane.components.patient.search.words import delete_keys

MAX_NEIGHBOURS = 4000

# The limits are literals, and the one on near words stands outside its WITH query: of a limit that it does not know
# the planner supposes a tenth of all rows, and after five runs would scan the whole dictionary for those.
_SIMILAR = f"""
WITH near AS MATERIALIZED (SELECT word FROM name_words WHERE deletes && $3::int4[])
SELECT begun.word FROM unnest($1::text[], $2::text[]) AS looked_for (low, high)
CROSS JOIN LATERAL (
    SELECT word FROM name_words WHERE word > low AND word < high ORDER BY word LIMIT {MAX_PREFIX_WORDS}
) AS begun
UNION
(SELECT word FROM near LIMIT {MAX_NEIGHBOURS})
"""  # noqa: S608 - the limits are constants


class WordBook:
    """Remembers words that the dictionary has for certain, at most `capacity`, forgetting the longest unused."""

    def __init__(self, capacity: int = 50_000) -> None:
        """Start knowing nothing: what is not remembered is sent, and the dictionary ignores what it has."""
        self._capacity = capacity
        self._known: dict[str, None] = {}

    def unknown(self, words: Iterable[str]) -> list[str]:
        """Return those of `words` that must be sent, each once."""
        return [word for word in dict.fromkeys(words) if word not in self._known]

    def remember(self, words: Iterable[str]) -> None:
        """Note that `words` are committed, as the ones used last, and forget the oldest beyond the capacity."""
        for word in words:
            self._known.pop(word, None)
            self._known[word] = None
        for word in list(islice(self._known, max(0, len(self._known) - self._capacity))):
            del self._known[word]


def teaching(first: int) -> str:
    """Return what puts words into the dictionary, as a statement or a part of one, with `lesson` at `$first`.

    Sorted, so that two writers that teach the same words wait for each other instead of deadlocking.
    """
    return f"""INSERT INTO name_words (word, deletes)
    SELECT word, deletes::int4[] FROM unnest(${first}::text[], ${first + 1}::text[]) AS new (word, deletes)
    ORDER BY word ON CONFLICT (word) DO NOTHING"""  # noqa: S608 - a number


def lesson(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Return the two arguments that teach `words`."""
    return words, [_array(delete_keys(word)) for word in words]


def _array(numbers: Iterable[int]) -> str:
    """Write numbers as an array of PostgreSQL's, for there can be no array of arrays of different lengths."""
    return "{" + ",".join(map(str, numbers)) + "}"


async def similar_words(connection: Connection, words: Sequence[str]) -> list[str]:
    """Return the dictionary's words that begin with one of `words` or may be one slip away from one."""
    lows, highs = ranges(words)
    keys = list(dict.fromkeys(key for word in slipping(words) for key in delete_keys(word)))
    if not lows and not keys:
        return []
    rows = await connection.fetch(_SIMILAR, lows, highs, keys)
    return [row["word"] for row in rows]

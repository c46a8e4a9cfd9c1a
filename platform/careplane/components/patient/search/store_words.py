"""The dictionary of name words in the database: taught when a patient is written, asked when one is looked for."""

from collections.abc import Iterable, Sequence
from itertools import islice

from careplane.components.patient.search.expansion import MAX_PREFIX_WORDS, ranges, slipping
from careplane.components.patient.search.ports import Connection
from careplane.components.patient.search.words import delete_keys

MAX_NEIGHBOURS = 4000

# Sorted, so that two writers that teach the same words wait for each other instead of deadlocking.
_LEARN = """
INSERT INTO name_words (word, deletes)
SELECT word, deletes::int4[] FROM unnest($1::text[], $2::text[]) AS new (word, deletes) ORDER BY word
ON CONFLICT (word) DO NOTHING
"""
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
        """Return those of `words` that must be sent, each once, and move the others to the fresh end."""
        missing: dict[str, None] = {}
        for word in words:
            if word in self._known:
                del self._known[word]
                self._known[word] = None
            else:
                missing[word] = None
        return list(missing)

    async def learn(self, connection: Connection, words: Iterable[str]) -> int:
        """Put `words` into the dictionary and return how many had to be sent; mostly none, and then nothing is sent.

        Run it before the transaction that writes the patients, not inside it: a word is remembered as known
        once this returns, and a later rollback would make that wrong. A word without a patient does no harm.
        """
        missing = self.unknown(words)
        if missing:
            await connection.fetch(_LEARN, missing, [_array(delete_keys(word)) for word in missing])
            self._remember(missing)
        return len(missing)

    def _remember(self, words: Iterable[str]) -> None:
        """Note that the dictionary has `words`, and forget the oldest beyond the capacity."""
        self._known.update(dict.fromkeys(words))
        for word in list(islice(self._known, max(0, len(self._known) - self._capacity))):
            del self._known[word]


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

"""The dictionary: taught once, asked for what is near."""

import asyncio
from typing import Any

import asyncpg

from careplane.components.patient.search.store_words import WordBook, lesson, similar_words, teaching


async def teach(connection: Any, *words: str) -> None:
    """Put words into the dictionary, as who writes a patient does."""
    await connection.fetch(teaching(1), *lesson(words))


async def test_words_taught_twice_are_there_once(registry: Any) -> None:
    """Another process, which remembers nothing, teaches the same words without harm."""
    await teach(registry, "maria", "garcia")
    await teach(registry, "garcia", "lopez")
    rows = await registry.fetch("SELECT word FROM name_words ORDER BY word")
    assert [row["word"] for row in rows] == ["garcia", "lopez", "maria"]


def test_the_book_forgets_what_was_longest_unused() -> None:
    """Memory is bounded, and words in use stay."""
    book = WordBook(capacity=2)
    book.remember(["a", "b"])
    book.remember(["a"])
    book.remember(["c"])
    assert book.unknown(["a", "b", "c", "b"]) == ["b"]


async def test_two_writers_of_the_same_words_do_not_deadlock(registry: Any, database_url: str) -> None:
    """Whatever the order in which they met the words."""
    words = [f"word{at}" for at in range(500)]

    async def writer(order: list[str]) -> None:
        settings = {"search_path": "patient"}
        own = await asyncpg.connect(database_url, timeout=10, command_timeout=10, server_settings=settings)
        try:
            await teach(own, *order)
        finally:
            await own.close()

    await asyncio.gather(writer(words), writer(words[::-1]), writer(words), writer(words[::-1]))
    (row,) = await registry.fetch("SELECT count(*) AS words FROM name_words")
    assert row["words"] == 500


async def test_near_words_are_found(registry: Any) -> None:
    """Longer words and words one letter off come back, in one statement however many are looked for."""
    await teach(registry, "maria", "marianne", "moria", "garcia", "gracia", "zoe", "li")
    before = registry.statements
    found = set(await similar_words(registry, ["maria", "garcia", "l"]))
    assert {"marianne", "moria", "gracia"} <= found
    assert "li" in found
    assert "zoe" not in found
    assert registry.statements == before + 1
    assert await similar_words(registry, ["m"]) == await similar_words(registry, ["明"]) == []
    assert registry.statements == before + 1

"""The dictionary: taught once, asked for what is near."""

import asyncio
from typing import Any

import asyncpg

from careplane.components.patient.search.store_words import WordBook, similar_words


async def test_known_words_are_not_sent_again(registry: Any) -> None:
    """The common case costs the database nothing."""
    book = WordBook()
    assert await book.learn(registry, ["maria", "garcia", "maria"]) == 2
    assert registry.statements == 1
    assert await book.learn(registry, ["garcia", "maria"]) == 0
    assert registry.statements == 1


async def test_words_taught_twice_are_there_once(registry: Any) -> None:
    """Another process, which remembers nothing, teaches the same words without harm."""
    await WordBook().learn(registry, ["maria", "garcia"])
    await WordBook().learn(registry, ["garcia", "lopez"])
    rows = await registry.fetch("SELECT word FROM name_words ORDER BY word")
    assert [row["word"] for row in rows] == ["garcia", "lopez", "maria"]


def test_the_book_forgets_what_was_longest_unused() -> None:
    """Memory is bounded, and words in use stay."""
    book = WordBook(capacity=2)
    book._remember(["a", "b"])
    assert book.unknown(["a"]) == []
    book._remember(["c"])
    assert book.unknown(["a", "b", "c"]) == ["b"]


async def test_a_failed_lesson_is_not_remembered(registry: Any) -> None:
    """What the database did not take is sent again."""
    book = WordBook()
    await registry.connection.execute("ALTER TABLE name_words RENAME TO away")
    try:
        await book.learn(registry, ["maria"])
    except asyncpg.UndefinedTableError:
        await registry.connection.execute("ALTER TABLE away RENAME TO name_words")
    assert await book.learn(registry, ["maria"]) == 1


async def test_two_writers_of_the_same_words_do_not_deadlock(registry: Any, database_url: str) -> None:
    """Whatever the order in which they met the words."""
    words = [f"word{at}" for at in range(500)]

    async def teach(order: list[str]) -> None:
        settings = {"search_path": "patient"}
        own = await asyncpg.connect(database_url, timeout=10, command_timeout=10, server_settings=settings)
        try:
            await WordBook().learn(own, order)
        finally:
            await own.close()

    await asyncio.gather(teach(words), teach(words[::-1]), teach(words), teach(words[::-1]))
    (row,) = await registry.fetch("SELECT count(*) AS words FROM name_words")
    assert row["words"] == 500


async def test_near_words_are_found(registry: Any) -> None:
    """Longer words and words one letter off come back, in one statement however many are looked for."""
    await WordBook().learn(registry, ["maria", "marianne", "moria", "garcia", "gracia", "zoe", "li"])
    before = registry.statements
    found = set(await similar_words(registry, ["maria", "garcia", "l"]))
    assert {"marianne", "moria", "gracia"} <= found
    assert "li" in found
    assert "zoe" not in found
    assert registry.statements == before + 1
    assert await similar_words(registry, ["m"]) == await similar_words(registry, ["明"]) == []
    assert registry.statements == before + 1

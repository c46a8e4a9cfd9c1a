"""Beginning and leaving as a client of Kafka: in order where it answers, in bounded time and leaving nothing open."""

import asyncio
from contextlib import suppress
from typing import Any, Final

from aiokafka.errors import KafkaError

CLOSE_SECONDS: Final = 5.0


async def start_whole(client: Any) -> None:  # noqa: ANN401 - the library has no types
    """Start a consumer, a producer or an admin client; who is cancelled meanwhile lets it come to its end first.

    Cut off while it asks the first broker which others there are, the library would leave that connection open.
    """
    starting = asyncio.get_running_loop().create_task(client.start(), name="kafka start")
    try:
        await asyncio.shield(starting)
    except BaseException:
        await asyncio.wait((starting,), timeout=CLOSE_SECONDS)
        starting.cancel()
        await asyncio.wait((starting,))
        raise


async def close_consumer(consumer: Any) -> None:  # noqa: ANN401 - the library has no types
    """Leave the group, if Kafka answers; else it finds out when the session is over."""
    with suppress(TimeoutError, KafkaError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await consumer.stop()
            return
    await _close_at_once(consumer)


async def _close_at_once(consumer: Any) -> None:  # noqa: ANN401 - the library has no types
    """Close what its own `stop` comes to only when Kafka has answered, and what has been given up with it."""
    coordinator, fetcher = consumer._coordinator, consumer._fetcher  # noqa: SLF001 - there is no public way to give up
    if coordinator is not None:
        await coordinator._stop_heartbeat_task()  # noqa: SLF001 - likewise
        await coordinator._stop_commit_offsets_refresh_task()  # noqa: SLF001 - likewise
    if fetcher is not None:
        await fetcher.close()
    await consumer._client.close()  # noqa: SLF001 - likewise

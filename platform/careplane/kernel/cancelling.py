"""Whether a CancelledError is meant for the task it came up in, or strayed there from something it waited for."""

import asyncio


def is_cancelled() -> bool:
    """Tell whether somebody has cancelled the running task itself.

    Awaiting a future that another party cancelled raises CancelledError too; taken for a cancellation of its own, it
    would end a worker quietly, and those who wait for its answers would wait for ever.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

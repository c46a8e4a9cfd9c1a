"""The same stack with one transaction a request instead of group commit; run as a program, it is that `careplane`.

`python -m benchmarks.systems.per_request dev ...`: each piece of work is flushed by itself as soon as it comes, as many
at a time as the component's pool has connections. All else is as it is, down to the very statements.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.systems.platform import platform
from benchmarks.systems.running import Running

from careplane.app.cli import main
from careplane.storage.group_commit import A, GroupCommit, W


@contextmanager
def per_request(folder: Path) -> Iterator[Running]:
    """Run all of it in one process, without group commit."""
    with platform("per-request", ["-m", "benchmarks.systems.per_request", "dev"], folder) as running:
        yield running


async def submit_alone(self: GroupCommit[W, A], work: W) -> A:
    """Flush one piece of work by itself, and return its answer or raise the error that was it."""
    (answer,) = await self._flush([work])
    self.flushes += 1
    self.flushed += 1
    if isinstance(answer, Exception):
        raise answer
    return answer


if __name__ == "__main__":
    GroupCommit.submit = submit_alone  # type: ignore[method-assign]
    main()

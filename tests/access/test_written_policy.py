"""Who may do what is written out in policy.txt, so that no change to a table or an interface goes unnoticed."""

from tests.access.written import FILE, lines


def test_the_policy_is_the_one_that_is_written_out() -> None:
    """Where a change is meant, write it anew and look at the difference: python -m tests.access.written."""
    assert FILE.read_text("utf-8").splitlines() == list(lines())

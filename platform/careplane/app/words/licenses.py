"""The word for what Careplane is made from, and under which licences."""


def licenses() -> None:
    """Print the licences of Careplane and of all that it is made from."""
    from careplane.app.notices import notices
    from careplane.app.terminal import say

    say(notices())

"""What stops the program before it can work, told to the person at the terminal."""


class SetupError(Exception):
    """Something about this machine or its configuration must be put right; the message says what, in one sentence."""

"""What the handlers of the registry share: their tag in the documentation."""

from typing import Final

TAGS: Final = ["Patients"]

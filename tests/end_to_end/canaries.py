"""Canaries: values made up for every field of a patient, to be found again wherever they fly to."""

import uuid
from typing import Any

import httpx

BIRTH = "1931-07-23"
PHONE = "+999 7351 482 966"


class Cage:
    """Makes canaries, each of which is found again wherever it flies to, and remembers what the program answered."""

    def __init__(self) -> None:
        """Begin with what cannot be made up: a date and a number."""
        self.canaries = {BIRTH, PHONE, PHONE.replace(" ", ""), "7351482966"}
        self.echoed: set[str] = set()
        self.answers: list[httpx.Response] = []
        self.told = ""
        self.metrics = ""
        self.tables: dict[str, str] = {}

    def bird(self) -> str:
        """Return a new canary, a word that a name may be made of."""
        canary = f"kanari{uuid.uuid4().hex[:10].translate(str.maketrans('0123456789', 'ghijklmnop'))}"
        self.canaries.add(canary)
        return canary

    def field(self) -> str:
        """Return a new canary as the name of an unknown field, which the sender, and nobody else, is told again."""
        canary = self.bird()
        self.echoed.add(canary)
        return canary

    def mail(self) -> str:
        """Return a new canary as an e-mail address."""
        return f"{self.bird()}@{self.bird()}.example"

    def found_in(self, text: str) -> list[str]:
        """Return the canaries in a text, as they are or as a bytea's hex digits."""
        lower = text.lower()
        return [c for c in self.canaries if c.lower() in lower or c.encode().hex() in lower]


def patient(cage: Cage) -> dict[str, Any]:
    """Return a registration with a canary in every field that holds text."""
    bird = cage.bird
    return {
        "name": f"{bird()} {bird().capitalize()}",
        "email": cage.mail(),
        "address": f"{bird()} {bird()}",
        "dateOfBirth": BIRTH,
        "gender": "other",
        "phone": PHONE,
        "identifiers": [{"system": f"urn:{bird()}", "value": bird(), "type": bird()}],
        "names": [
            {"use": "old", "family": bird(), "given": [bird()], "prefix": [bird()], "suffix": [bird()], "text": bird()}
        ],
        "telecom": [{"system": "url", "value": bird()}],
        "addresses": [
            {
                "line": [bird()],
                "text": bird(),
                "city": bird(),
                "district": bird(),
                "state": bird(),
                "postalCode": f"zip {bird()}",
                "country": "NL",
            }
        ],
        "contacts": [
            {
                "relationship": [bird()],
                "name": {"text": bird()},
                "telecom": [{"system": "email", "value": cage.mail()}],
                "address": {"city": bird()},
            }
        ],
        "communication": [{"language": "nl"}],
        "links": [{"other": f"Patient/{bird()}", "type": "seealso"}],
        "maritalStatus": bird(),
    }

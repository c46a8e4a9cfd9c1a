"""The command line: `careplane`. Each command's work is in `commands/`, its words in `words/`."""

import asyncio
import sys

from cyclopts import App, CycloptsError

import careplane
from careplane.app.setup_error import SetupError
from careplane.app.words.audit import audit
from careplane.app.words.certs import certs
from careplane.app.words.events import events
from careplane.app.words.gateway import gateway
from careplane.app.words.keys import config, keys
from careplane.app.words.licenses import licenses
from careplane.app.words.platform import dev, doctor, health, migrate, serve, split
from careplane.app.words.records import analytics, demo, export, import_
from careplane.app.words.secrets import secrets
from careplane.app.words.users import users
from careplane.kernel.errors import PlatformError, Unavailable

app = App(name="careplane", help="A patient-management platform: registry, billing, analytics, one secure gateway.")
app.version = careplane.__version__
for group in (users, config, keys, analytics, audit, events, gateway):
    app.command(group)
for word in (dev, split, serve, health, migrate, doctor, export, demo, certs, secrets, licenses):
    app.command(word)
app.command(import_, name="import")

_NO_DATABASE = (
    "The database does not answer: check that it runs, and that database.url or DATABASE_URL leads to it, with the "
    "right user and password."
)


def main() -> None:
    """Run the command in `sys.argv`; what went wrong is one sentence and a non-zero exit, never a traceback."""
    try:
        app()
    except SetupError as error:
        _fail(str(error))
    except Unavailable as error:
        _fail(_NO_DATABASE if error.detail == Unavailable.default_detail else error.detail)
    except PlatformError as error:
        _fail("; ".join(f"{fault.field} {fault.message}" for fault in error.fields) or error.detail)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.stderr.write("careplane: stopped.\n")
        sys.exit(130)
    except CycloptsError as error:
        _fail(str(error))


def _fail(sentence: str) -> None:
    sys.stderr.write(f"careplane: {sentence}\n")
    sys.exit(1)

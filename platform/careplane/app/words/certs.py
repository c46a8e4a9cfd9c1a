"""Words for the certificates and call keys of processes that talk to each other."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

DAYS = 365


def certs(
    folder: Path,
    /,
    *,
    names: Annotated[
        list[str] | None,
        Parameter(
            consume_multiple=True,
            negative=(),
            help="The processes: components or gateway, joined by + where they share one. None: one for each.",
        ),
    ] = None,
    hosts: Annotated[
        list[str] | None,
        Parameter(consume_multiple=True, negative=(), help="More names or addresses that each certificate is for."),
    ] = None,
    days: Annotated[int, Parameter(help="How long certificates last.", validator=Number(gte=1, lte=825))] = DAYS,
) -> None:
    """Make in FOLDER an authority, and for each process its certificate and call keys, in a folder of its own.

    Run again it keeps what is good, and renews what is in the last third of its time. FOLDER/NAME/ is all that the
    process NAME needs: grpc.tls_ca_file is ca.pem in it, tls_cert_file tls.pem, tls_key_file tls.key, keys_dir calls.
    """
    from careplane.app.commands.certs import run_certs

    run_certs(folder, names or (), hosts or (), days)

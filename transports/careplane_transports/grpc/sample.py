"""The Java/Spring sample's `BillingService/CreateBillingAccount`, for clients that were written for it.

They have no call tokens, so whoever reaches the port may open accounts: it is there only if a setting asks for it. What
they send beside the patient's id, a name and an e-mail address, is personal data that billing has no use for: it is
neither kept nor logged.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple
from uuid import UUID

from google.protobuf.message import DecodeError
from grpclib.const import Handler

from careplane.kernel.context import Context, using
from careplane.kernel.errors import FieldError, InvalidArgument
from careplane.kernel.principal import component_principal
from careplane_pb.billing_service_pb2 import BillingRequest, BillingResponse
from careplane_transports.grpc.single import SingleCalls, SingleStream
from careplane_transports.grpc.unary import time_of, trace_of

PATH: Final = "/BillingService/CreateBillingAccount"
_PRINCIPAL: Final = component_principal("sample", "billing:open")


class Opened(NamedTuple):
    """An account, as the sample knows it."""

    account_id: UUID
    status: str


Open = Callable[[UUID], Awaitable[Opened]]
"""Opens the account of a patient, or finds the one there is, in the current context."""


class SampleBilling:
    """The service, as grpclib serves it."""

    def __init__(self, open_account: Open, calls: SingleCalls) -> None:
        """Answer by `open_account`, which asks billing through its interface."""
        self._open = open_account
        self._handler = calls.handler(self._answer)

    def __mapping__(self) -> Mapping[str, Handler]:
        """Return the one handler by its path."""
        return {PATH: self._handler}

    async def _answer(self, stream: SingleStream, data: bytes) -> bytes:
        patient = _patient(data)
        with using(Context(_PRINCIPAL, deadline=time_of(stream), trace=trace_of(stream))):
            opened = await self._open(patient)
        return BillingResponse(accountId=str(opened.account_id), status=opened.status).SerializeToString()


def _patient(data: bytes) -> UUID:
    try:
        said = BillingRequest.FromString(data).patientId
    except DecodeError:
        raise InvalidArgument("These bytes are not a BillingRequest. Encode it by billing_service.proto.") from None
    try:
        found = UUID(said)
    except ValueError:
        found = None
    if found is None or str(found) != said.lower():
        message = "must be a UUID, as in 123e4567-e89b-12d3-a456-426614174000"
        raise InvalidArgument(fields=(FieldError(field="patientId", message=message),))
    return found

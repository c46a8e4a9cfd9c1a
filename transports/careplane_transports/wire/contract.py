"""The codecs of a component's interface, found through the service in its proto; both must have the same methods."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message as ProtoMessage
from google.protobuf.message_factory import GetMessageClass

from careplane.kernel.contract import Component, Method
from careplane.kernel.message import Message
from careplane_transports.wire.codec import Codec, codec_of


@dataclass(frozen=True, slots=True)
class MethodCodecs:
    """How one method's request and reply cross, and the `path` under which gRPC knows it."""

    request: Codec[Message]
    reply: Codec[Message]
    request_pb: type[ProtoMessage]
    reply_pb: type[ProtoMessage]
    path: str


@cache
def contract_codecs(component: Component[Any]) -> Mapping[str, MethodCodecs]:
    """Return the codecs of each method by its name; raise TypeError where the interface and its proto differ."""
    service = service_of(component)
    here = {_rpc(name): method for name, method in component.methods.items()}
    there: Mapping[str, MethodDescriptor] = service.methods_by_name
    if odd := sorted(set(here) ^ set(there)):
        message = f"the interface of {component.name} and {service.full_name} differ in {', '.join(odd)}"
        raise TypeError(f"{message}: change both, then `make proto`")
    return MappingProxyType({method.name: _codecs(method, there[rpc]) for rpc, method in here.items()})


def service_of(component: Component[Any]) -> ServiceDescriptor:
    """Return the service that the component's proto calls like its interface."""
    name = f"careplane_pb.{component.name}.v{component.version}.{component.name}_pb2"
    try:
        services: Mapping[str, ServiceDescriptor] = import_module(name).DESCRIPTOR.services_by_name
        return services[component.interface.__name__]
    except (ModuleNotFoundError, KeyError):
        message = f"{name} has no service {component.interface.__name__}: write its proto, then `make proto`"
        raise TypeError(message) from None


def _rpc(method: str) -> str:
    return "".join(word.capitalize() for word in method.split("_"))


def _codecs(method: Method, rpc: MethodDescriptor) -> MethodCodecs:
    request_pb, reply_pb = GetMessageClass(rpc.input_type), GetMessageClass(rpc.output_type)
    return MethodCodecs(
        codec_of(method.request, request_pb),
        codec_of(method.reply, reply_pb),
        request_pb,
        reply_pb,
        f"/{rpc.containing_service.full_name}/{rpc.name}",
    )

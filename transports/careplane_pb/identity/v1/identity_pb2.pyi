from careplane_pb.common.v1 import audit_pb2 as _audit_pb2
from careplane_pb.identity.v1 import accounts_pb2 as _accounts_pb2
from careplane_pb.identity.v1 import keys_pb2 as _keys_pb2
from careplane_pb.identity.v1 import second_factor_pb2 as _second_factor_pb2
from careplane_pb.identity.v1 import sessions_pb2 as _sessions_pb2
from careplane_pb.identity.v1 import users_pb2 as _users_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

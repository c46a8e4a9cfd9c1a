"""What crosses a wire: messages as protobuf, for every transport that has one."""

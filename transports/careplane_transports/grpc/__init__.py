"""The transport for components in other processes: calls over gRPC, and who makes them."""

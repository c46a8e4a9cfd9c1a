"""The transport for components that share a process: a call is a call, a message is shared, nothing is serialised."""

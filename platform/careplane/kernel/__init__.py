"""The component model: contract, context, errors, mailbox, supervisor. No I/O library is imported here."""

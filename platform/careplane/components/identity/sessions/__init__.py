"""Sessions: signing in, going on with refresh tokens, and ending."""

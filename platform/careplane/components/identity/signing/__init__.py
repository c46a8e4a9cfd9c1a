"""The signing keys, the tokens made with them, and those that have been called back."""

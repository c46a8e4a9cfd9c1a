"""Slowing those down who guess passwords and codes."""

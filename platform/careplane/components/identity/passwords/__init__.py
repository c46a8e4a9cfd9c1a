"""Passwords: which may be one, and how they are kept."""

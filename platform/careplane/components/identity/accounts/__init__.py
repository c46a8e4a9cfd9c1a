"""Accounts of people and programs, and the roles they can have."""

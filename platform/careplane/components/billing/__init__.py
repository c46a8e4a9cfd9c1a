"""Billing: one account per patient, and the double-entry ledger behind its balance."""

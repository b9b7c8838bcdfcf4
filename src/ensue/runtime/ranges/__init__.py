"""Ranges: many records decided again, from a ledger or from files, in one process or in many. Nothing is saved, and nothing performed."""

"""Statements: what a bank says has come in, and which invoices it may pay.

`reading.read` turns a file into entries; `matching.propose` says, for one entry, which open invoices it
may pay and why; `reversals.propose` which payment a debit may take back. Nothing here is applied.

Sources: docs/statements.md.
"""

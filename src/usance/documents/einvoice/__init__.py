"""E-invoices: a paper as the XML of EN 16931, in either syntax, and as a PDF that carries it.

`content` says what goes into one and what it lacks; `ubl` and `cii` write it; `facturx` prints it.
"""

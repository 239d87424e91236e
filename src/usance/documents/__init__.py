"""Documents: invoices and credit notes as PDF, in the customer's language.

`paper` says what is printed, `pdf.render` prints it. In between, `layout` turns amounts and days
into strings by `formats` and `texts`, and `epc` makes the code that a banking app pays from.
"""

# Nothing can be paid on a void invoice; the one that replaces it can. A paid one, paid again with a new reference, goes to
# the balance: 5.00.
plan payg 30.00 USD monthly in_arrears
plan pro 10.00 USD monthly in_advance

2027-04-01  subscribe payg         -> #1 SUBSCRIPTION PENDING 2027-04-01..2027-05-01
                                   -> sub ACTIVE payg 2027-04-01..2027-05-01
2027-04-11  cancel now             -> #1 SUBSCRIPTION 0.00 VOID 2027-04-01..2027-05-01 replaced by #2
                                   -> #2 FINAL 10.00 DUE 2027-04-01..2027-04-11
                                   -> sub CANCELLED payg 2027-04-01..2027-04-11
2027-04-11  pay #1                 -> refused: invoice_void
2027-04-11  pay #2                 -> #2 FINAL 10.00 PAID 2027-04-01..2027-04-11
2027-04-11  pay #2 5.00 ref extra  -> balance 5.00 USD
2027-04-12  subscribe pro          -> #3 SUBSCRIPTION 10.00 DUE (5.00 paid)
                                   -> sub2 INCOMPLETE pro
                                   -> balance 0.00 USD

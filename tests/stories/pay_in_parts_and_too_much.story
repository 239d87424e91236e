# Less than the open amount leaves the invoice as it is; 49.00 = 20.00 + 29.00. More than the open amount
# goes to the balance, and is spent at once on what is open: 60.00 − 49.00 = 11.00 onto the other invoice.
plan pro 49.00 USD monthly in_advance
plan extra 30.00 USD monthly in_advance

2027-01-01  subscribe pro              -> #1 SUBSCRIPTION 49.00 DUE
                                       -> sub INCOMPLETE pro
2027-01-01  pay #1 20.00               -> #1 SUBSCRIPTION 49.00 DUE (20.00 paid)
2027-01-01  pay #1 29.00               -> #1 SUBSCRIPTION 49.00 PAID 2027-01-01..2027-02-01
                                       -> sub ACTIVE pro 2027-01-01..2027-02-01
2027-02-01  subscribe extra            -> #2 SUBSCRIPTION 49.00 DUE 2027-02-01..2027-03-01
                                       -> #3 SUBSCRIPTION 30.00 DUE
                                       -> sub ACTIVE pro 2027-02-01..2027-03-01
                                       -> sub2 INCOMPLETE extra
2027-02-01  pay #2 0                   -> refused: validation_failed
2027-02-01  pay #2 1.005               -> refused: validation_failed
2027-02-02  pay #2 60.00 ref transfer  -> #2 SUBSCRIPTION 49.00 PAID 2027-02-01..2027-03-01
                                       -> #3 SUBSCRIPTION 30.00 DUE (11.00 paid)
2027-02-02  pay #3 19.00               -> #3 SUBSCRIPTION 30.00 PAID 2027-02-02..2027-03-02
                                       -> sub2 ACTIVE extra 2027-02-02..2027-03-02
2027-02-02  pay #3                     -> nothing

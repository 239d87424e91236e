# The elapsed share of a voided fee is charged at most up to the money that was paid on it: 20 of 30 days of
# 49.00 are 32.67, but only 5.00 were paid.
plan pro 49.00 USD monthly in_advance grace 30

2027-03-01  subscribe pro  -> #1 SUBSCRIPTION 49.00 DUE
                           -> sub INCOMPLETE pro
2027-03-01  pay #1         -> #1 SUBSCRIPTION 49.00 PAID 2027-03-01..2027-04-01
                           -> sub ACTIVE pro 2027-03-01..2027-04-01
2027-04-01  tick           -> #2 SUBSCRIPTION 49.00 DUE 2027-04-01..2027-05-01
                           -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-04-02  pay #2 5.00    -> #2 SUBSCRIPTION 49.00 DUE (5.00 paid) 2027-04-01..2027-05-01
2027-04-21  cancel now     -> #2 SUBSCRIPTION 49.00 VOID 2027-04-01..2027-05-01 replaced by #3
                           -> #3 FINAL 5.00 PAID 2027-04-01..2027-04-21
                           -> sub CANCELLED pro 2027-04-01..2027-04-21

# Voided when its period is over, it is a recovery: a new period begins there, with an invoice of its own.
plan pro 49.00 USD monthly in_advance

2027-04-01  subscribe pro  -> #1 SUBSCRIPTION 49.00 DUE
                           -> sub INCOMPLETE pro
2027-04-01  pay #1         -> #1 SUBSCRIPTION 49.00 PAID 2027-04-01..2027-05-01
                           -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-06-02  tick           -> #2 SUBSCRIPTION 49.00 PAST_DUE 2027-05-01..2027-06-01
                           -> sub PAST_DUE pro 2027-05-01..2027-06-01
2027-06-10  void #2        -> #2 SUBSCRIPTION 49.00 VOID 2027-05-01..2027-06-01
                           -> #3 SUBSCRIPTION 49.00 DUE 2027-06-10..2027-07-10
                           -> sub ACTIVE pro 2027-06-10..2027-07-10

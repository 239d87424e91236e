# With 10 % tax: 49.00 + 4.90 = 53.90, of which 5.00 are paid. Net of tax that is at most 4.55 (4.55 + 0.455 to
# 0.46 would be 5.01: too much), so 4.54 + 0.45 = 4.99 are charged, and 0.01 stays on the balance.
plan pro 49.00 USD monthly in_advance grace 30
customer zoe tax 10

2027-03-01  subscribe pro  -> #1 SUBSCRIPTION 53.90 DUE
                           -> sub INCOMPLETE pro
2027-03-01  pay #1         -> #1 SUBSCRIPTION 53.90 PAID 2027-03-01..2027-04-01
                           -> sub ACTIVE pro 2027-03-01..2027-04-01
2027-04-01  tick           -> #2 SUBSCRIPTION 53.90 DUE 2027-04-01..2027-05-01
                           -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-04-02  pay #2 5.00    -> #2 SUBSCRIPTION 53.90 DUE (5.00 paid) 2027-04-01..2027-05-01
2027-04-21  cancel now     -> #2 SUBSCRIPTION 53.90 VOID 2027-04-01..2027-05-01 replaced by #3
                           -> #3 FINAL 4.99 PAID 2027-04-01..2027-04-21
                           -> sub CANCELLED pro 2027-04-01..2027-04-21
                           -> balance 0.01 USD
2027-04-21  show #3        -> #3 FINAL 4.99 PAID 2027-04-01..2027-04-21
                           ->    ELAPSED_TIME Elapsed time on pro = 4.54
                           ->    4.54 and 0.45 tax

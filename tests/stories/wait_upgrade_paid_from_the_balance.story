# What is on account pays the adjustment as it is issued, so nothing waits: 23.33 of 30.00.
account upgrades wait
plan a 30.00 USD monthly in_advance
plan b 100.00 USD monthly in_advance

2027-04-01  subscribe a                  -> #1 SUBSCRIPTION 30.00 DUE
                                         -> sub INCOMPLETE a
2027-04-01  pay #1                       -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                                         -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-20  receive 30.00 USD ref early  -> balance 30.00 USD
2027-04-21  upgrade b                    -> #2 ADJUSTMENT 23.33 PAID 2027-04-21..2027-05-01
                                         -> sub ACTIVE b 2027-04-01..2027-05-01
                                         -> balance 6.67 USD
2027-05-01  tick                         -> #3 SUBSCRIPTION 100.00 DUE (6.67 paid) 2027-05-01..2027-06-01
                                         -> sub ACTIVE b 2027-05-01..2027-06-01
                                         -> balance 0.00 USD

# 10.00 of an upgrade's 23.33 are paid, cancelled five of its ten days later: the adjustment is void and A's segment stands,
# of which 30.00 − round(30.00 × 25/30) = 5.00 are unused. FINAL takes the elapsed share, round(23.33 × 5/10 = 11.665) =
# 11.67, at most the 10.00 that were paid: 5.00 are left.
plan a 30.00 USD monthly in_advance grace 30
plan b 100.00 USD monthly in_advance grace 30

2027-04-01  subscribe a   -> #1 SUBSCRIPTION 30.00 DUE
                          -> sub INCOMPLETE a
2027-04-01  pay #1        -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                          -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-21  upgrade b     -> #2 ADJUSTMENT 23.33 DUE 2027-04-21..2027-05-01
                          -> sub ACTIVE b 2027-04-01..2027-05-01
2027-04-21  pay #2 10.00  -> #2 ADJUSTMENT 23.33 DUE (10.00 paid) 2027-04-21..2027-05-01
2027-04-26  cancel now    -> credit note 5.00
                          -> #2 ADJUSTMENT 23.33 VOID 2027-04-21..2027-05-01 replaced by #3
                          -> #3 FINAL 10.00 PAID 2027-04-21..2027-04-26
                          -> sub CANCELLED b 2027-04-01..2027-04-26
                          -> balance 5.00 USD
2027-04-26  show #3       -> #3 FINAL 10.00 PAID 2027-04-21..2027-04-26
                          ->    ELAPSED_TIME Elapsed time on b = 10.00

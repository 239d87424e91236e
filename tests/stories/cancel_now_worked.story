# April has 30 days. 30.00 and, on the 21st, 23.33 are paid. Five days into B: its segment of 33.33 for 10 days
# has 33.33 − round(33.33 × 5/10 = 16.665) = 33.33 − 16.67 = 16.66 unused. Again: the same result.
plan a 30.00 USD monthly in_advance
plan b 100.00 USD monthly in_advance

2027-04-01  subscribe a  -> #1 SUBSCRIPTION 30.00 DUE
                         -> sub INCOMPLETE a
2027-04-01  pay #1       -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                         -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-21  upgrade b    -> #2 ADJUSTMENT 23.33 DUE 2027-04-21..2027-05-01
                         -> sub ACTIVE b 2027-04-01..2027-05-01
2027-04-21  pay #2       -> #2 ADJUSTMENT 23.33 PAID 2027-04-21..2027-05-01
2027-04-26  cancel now   -> credit note 16.66
                         -> sub CANCELLED b 2027-04-01..2027-04-26
                         -> balance 16.66 USD
2027-04-27  cancel now   -> credit note 16.66
2027-04-27  cancel end   -> credit note 16.66

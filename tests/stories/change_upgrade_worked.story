# April has 30 days. A 30.00, B 100.00, 10 days left: unused 30.00 − round(30.00 × 20/30) = 10.00, B
# round(100.00 × 10/30 = 33.333) = 33.33; 23.33. Five days later C 200.00: unused 33.33 − round(33.33 × 5/10 =
# 16.665) = 33.33 − 16.67 = 16.66, C round(200.00 × 5/30 = 33.333) = 33.33; 16.67. The period does not move.
plan a 30.00 USD monthly in_advance
plan b 100.00 USD monthly in_advance
plan c 200.00 USD monthly in_advance

2027-04-01  subscribe a  -> #1 SUBSCRIPTION 30.00 DUE
                         -> sub INCOMPLETE a
2027-04-01  pay #1       -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                         -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-21  upgrade b    -> #2 ADJUSTMENT 23.33 DUE 2027-04-21..2027-05-01
                         -> sub ACTIVE b 2027-04-01..2027-05-01
2027-04-21  show #2      -> #2 ADJUSTMENT 23.33 DUE 2027-04-21..2027-05-01
                         ->    UNUSED_TIME Unused time on a = -10.00
                         ->    REMAINING_TIME Remaining time on b = 33.33
2027-04-21  pay #2       -> #2 ADJUSTMENT 23.33 PAID 2027-04-21..2027-05-01
2027-04-26  upgrade c    -> #3 ADJUSTMENT 16.67 DUE 2027-04-26..2027-05-01
                         -> sub ACTIVE c 2027-04-01..2027-05-01
2027-04-26  show #3      -> #3 ADJUSTMENT 16.67 DUE 2027-04-26..2027-05-01
                         ->    UNUSED_TIME Unused time on b = -16.66
                         ->    REMAINING_TIME Remaining time on c = 33.33
2027-04-26  pay #3       -> #3 ADJUSTMENT 16.67 PAID 2027-04-26..2027-05-01
2027-05-01  tick         -> #4 SUBSCRIPTION 200.00 DUE 2027-05-01..2027-06-01
                         -> sub ACTIVE c 2027-05-01..2027-06-01
2027-05-01  show #4      -> #4 SUBSCRIPTION 200.00 DUE 2027-05-01..2027-06-01
                         ->    BASE c = 200.00

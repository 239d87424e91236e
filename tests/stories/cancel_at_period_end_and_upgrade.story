# An upgrade leaves a scheduled cancellation where it is; one that cuts the period moves it to the end of the
# new one. Half of April is left: unused 5.00, B 10.00: 5.00. Then unused 10.00 − 0.00 = 10.00 of the 10.00 just
# charged, and the year's 365.00: 355.00.
plan a 10.00 USD monthly in_advance
plan b 20.00 USD monthly in_advance
plan c 365.00 USD yearly in_advance

2027-04-01  subscribe a  -> #1 SUBSCRIPTION 10.00 DUE
                         -> sub INCOMPLETE a
2027-04-01  pay #1       -> #1 SUBSCRIPTION 10.00 PAID 2027-04-01..2027-05-01
                         -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-10  cancel end   -> sub ACTIVE a 2027-04-01..2027-05-01 ends 2027-05-01
2027-04-16  upgrade b    -> #2 ADJUSTMENT 5.00 DUE 2027-04-16..2027-05-01
                         -> sub ACTIVE b 2027-04-01..2027-05-01 ends 2027-05-01
2027-04-16  pay #2       -> #2 ADJUSTMENT 5.00 PAID 2027-04-16..2027-05-01
2027-04-16  upgrade c    -> #3 ADJUSTMENT 355.00 DUE 2027-04-16..2028-04-16
                         -> sub ACTIVE c 2027-04-16..2028-04-16 ends 2028-04-16
2027-04-16  pay #3       -> #3 ADJUSTMENT 355.00 PAID 2027-04-16..2028-04-16
2028-04-16  tick         -> sub CANCELLED c 2027-04-16..2028-04-16

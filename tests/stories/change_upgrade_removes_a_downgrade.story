# An upgrade removes a downgrade that was pending. Half of April: 50.00 − 25.00 = 25.00, 50.00 for C: 25.00.
plan a 10.00 USD monthly in_advance
plan b 50.00 USD monthly in_advance
plan c 100.00 USD monthly in_advance

2027-04-01  subscribe b  -> #1 SUBSCRIPTION 50.00 DUE
                         -> sub INCOMPLETE b
2027-04-01  pay #1       -> #1 SUBSCRIPTION 50.00 PAID 2027-04-01..2027-05-01
                         -> sub ACTIVE b 2027-04-01..2027-05-01
2027-04-10  downgrade a  -> sub ACTIVE b 2027-04-01..2027-05-01 then a
2027-04-16  upgrade c    -> #2 ADJUSTMENT 25.00 DUE 2027-04-16..2027-05-01
                         -> sub ACTIVE c 2027-04-01..2027-05-01
2027-04-16  pay #2       -> #2 ADJUSTMENT 25.00 PAID 2027-04-16..2027-05-01
2027-05-01  tick         -> #3 SUBSCRIPTION 100.00 DUE 2027-05-01..2027-06-01
                         -> sub ACTIVE c 2027-05-01..2027-06-01

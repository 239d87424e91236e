# Reversed when its period is nearly over and paid again after it: there was access in between, so the period is not given
# twice. A new one begins with its own 49.00 on Jun 10.
plan pro 49.00 USD monthly in_advance

2027-04-01  subscribe pro     -> #1 SUBSCRIPTION 49.00 DUE
                              -> sub INCOMPLETE pro
2027-04-01  pay #1            -> #1 SUBSCRIPTION 49.00 PAID 2027-04-01..2027-05-01
                              -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-05-02  tick              -> #2 SUBSCRIPTION 49.00 DUE 2027-05-01..2027-06-01
                              -> sub ACTIVE pro 2027-05-01..2027-06-01
2027-05-02  pay #2 ref may    -> #2 SUBSCRIPTION 49.00 PAID 2027-05-01..2027-06-01
2027-05-30  reverse may       -> #2 SUBSCRIPTION 49.00 PAST_DUE 2027-05-01..2027-06-01
                              -> sub PAST_DUE pro 2027-05-01..2027-06-01
2027-06-01  tick              -> nothing
2027-06-10  pay #2 ref again  -> #2 SUBSCRIPTION 49.00 PAID 2027-05-01..2027-06-01
                              -> #3 SUBSCRIPTION 49.00 DUE 2027-06-10..2027-07-10
                              -> sub ACTIVE pro 2027-06-10..2027-07-10

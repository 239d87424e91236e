# The new limits apply at once, to the period's whole usage: 8 of 10 were used, then it is 8 of 20. After a
# downgrade the smaller limit waits for the boundary.
plan a 10.00 USD monthly in_advance
  feature calls limit 10 block
plan b 20.00 USD monthly in_advance
  feature calls limit 20 block

2027-04-01  subscribe a     -> #1 SUBSCRIPTION 10.00 DUE
                            -> sub INCOMPLETE a
2027-04-01  pay #1          -> #1 SUBSCRIPTION 10.00 PAID 2027-04-01..2027-05-01
                            -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-10  use calls 8     -> counted 8, used 8/10
2027-04-10  check calls 3   -> denied usage_limit_reached, used 8/10, would be 11, 1 over
2027-04-16  upgrade b       -> #2 ADJUSTMENT 5.00 DUE 2027-04-16..2027-05-01
                            -> sub ACTIVE b 2027-04-01..2027-05-01
2027-04-16  pay #2          -> #2 ADJUSTMENT 5.00 PAID 2027-04-16..2027-05-01
2027-04-16  check calls 3   -> allowed, used 8/20, would be 11
2027-04-16  check calls 13  -> denied usage_limit_reached, used 8/20, would be 21, 1 over
2027-04-16  downgrade a     -> sub ACTIVE b 2027-04-01..2027-05-01 then a
2027-04-17  use calls 12    -> counted 12, used 20/20
2027-04-17  check calls     -> denied usage_limit_reached, used 20/20
2027-05-01  check calls     -> allowed, used 0/10
                            -> #3 SUBSCRIPTION 10.00 DUE 2027-05-01..2027-06-01
                            -> sub ACTIVE a 2027-05-01..2027-06-01

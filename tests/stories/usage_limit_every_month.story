# A limit that says `every: MONTH` in a yearly plan starts anew at each month's boundary, counted from the anchor.
plan annual 0.00 USD yearly in_advance
  feature calls limit 10 block every month

2027-01-31                  subscribe annual  -> #1 SUBSCRIPTION 0.00 PAID 2027-01-31..2028-01-31
                                              -> sub ACTIVE annual 2027-01-31..2028-01-31
2027-02-10                  use calls 10      -> counted 10, used 10/10
2027-02-27T23:59:59.999999  check calls       -> denied usage_limit_reached, used 10/10
2027-02-28                  check calls       -> allowed, used 0/10
2027-03-30                  use calls 4       -> counted 4, used 4/10
2027-03-30T23:59:59.999999  check calls 7     -> denied usage_limit_reached, used 4/10, would be 11, 1 over
2027-03-31                  check calls 7     -> allowed, used 0/10, would be 7

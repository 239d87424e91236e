# To a yearly plan the running period is cut: on Apr 16 half of it is unused, 30.00 − 15.00 = 15.00. One
# adjustment carries that, the usage of the cut period (200 × 0.02 = 4.00) and the year's 300.00: 289.00. The
# new period is anchored there, Apr 16 to Apr 16. What was used in the cut period counts toward the limit of
# the first new one: 200 of 1,000, and 900 more exceed it.
plan monthly 30.00 USD monthly in_advance
  feature calls per_unit 0.02 limit 500 block
plan annual 300.00 USD yearly in_advance
  feature calls per_unit 0.01 limit 1000 block

2027-04-01  subscribe monthly  -> #1 SUBSCRIPTION 30.00 DUE
                               -> sub INCOMPLETE monthly
2027-04-01  pay #1             -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                               -> sub ACTIVE monthly 2027-04-01..2027-05-01
2027-04-10  use calls 200      -> counted 200, used 200/500
2027-04-16  upgrade annual     -> #2 ADJUSTMENT 289.00 DUE 2027-04-16..2028-04-16
                               -> sub ACTIVE annual 2027-04-16..2028-04-16
2027-04-16  show #2            -> #2 ADJUSTMENT 289.00 DUE 2027-04-16..2028-04-16
                               ->    UNUSED_TIME Unused time on monthly = -15.00 for 2027-04-16..2027-05-01
                               ->    USAGE calls (monthly) 200 x 0.02 = 4.00 for 2027-04-01..2027-04-16
                               ->    BASE annual = 300.00
2027-04-16  pay #2             -> #2 ADJUSTMENT 289.00 PAID 2027-04-16..2028-04-16
2027-04-17  check calls        -> allowed, used 200/1000
2027-04-17  use calls 900      -> counted 800, used 1000/1000, limit exceeded
2028-04-16  tick               -> #3 SUBSCRIPTION 308.00 DUE 2028-04-16..2029-04-16
                               -> sub ACTIVE annual 2028-04-16..2029-04-16
# 300.00 + 800 × 0.01
2028-04-16  show #3            -> #3 SUBSCRIPTION 308.00 DUE 2028-04-16..2029-04-16
                               ->    BASE annual = 300.00
                               ->    USAGE calls (annual) 800 x 0.01 = 8.00 for 2027-04-16..2028-04-16

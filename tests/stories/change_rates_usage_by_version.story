# Usage is rated by the version in force when it happened, on the period's running total. A: 0–100 at 0.10,
# then 0.05. B: 0–100 at 0.20, then 0.01. 60 under A: 6.00. 80 under B stand at 60–140: 40 × 0.20 + 40 × 0.01 =
# 8.40. An event that comes later but happened under A is A's: see the last one, 10 at Apr 10: A's 70 are 7.00,
# and B's 80 now stand at 70–150: 30 × 0.20 + 50 × 0.01 = 6.50. Base: May 1, 100.00.
plan a 100.00 USD monthly in_advance
  feature calls graduated 100:0.10 inf:0.05
plan b 100.00 USD monthly in_advance
  feature calls graduated 100:0.20 inf:0.01

2027-04-01  subscribe a                 -> #1 SUBSCRIPTION 100.00 DUE
                                        -> sub INCOMPLETE a
2027-04-01  pay #1                      -> #1 SUBSCRIPTION 100.00 PAID 2027-04-01..2027-05-01
                                        -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-10  use calls 60                -> counted 60, used 60
2027-04-16  upgrade b                   -> #2 ADJUSTMENT 0.00 PAID 2027-04-16..2027-05-01
                                        -> sub ACTIVE b 2027-04-01..2027-05-01
2027-04-20  use calls 80                -> counted 80, used 140
2027-04-21  use calls 10 at 2027-04-10  -> counted 10, used 150
2027-05-01  tick                        -> #3 SUBSCRIPTION 113.50 DUE 2027-05-01..2027-06-01
                                        -> sub ACTIVE b 2027-05-01..2027-06-01
2027-05-01  show #3                     -> #3 SUBSCRIPTION 113.50 DUE 2027-05-01..2027-06-01
                                        ->    BASE b = 100.00
                                        ->    USAGE calls (a) 70 = 7.00 for 2027-04-01..2027-04-16
                                        ->    USAGE calls (b) 80 = 6.50 for 2027-04-16..2027-05-01

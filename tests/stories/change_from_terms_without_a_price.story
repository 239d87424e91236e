# What was used under terms without a price is charged nothing, and fills the tiers of what comes after it.
# B: 0–100 at 0.20, then 0.01. 60 under A cost nothing; 80 under B stand at 60–140: 40 × 0.20 + 40 × 0.01 = 8.40.
plan a 100.00 USD monthly in_advance
  feature calls
plan b 100.00 USD monthly in_advance
  feature calls graduated 100:0.20 inf:0.01

2027-04-01  subscribe a   -> #1 SUBSCRIPTION 100.00 DUE
                          -> sub INCOMPLETE a
2027-04-01  pay #1        -> #1 SUBSCRIPTION 100.00 PAID 2027-04-01..2027-05-01
                          -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-10  use calls 60  -> counted 60, used 60
2027-04-16  upgrade b     -> #2 ADJUSTMENT 0.00 PAID 2027-04-16..2027-05-01
                          -> sub ACTIVE b 2027-04-01..2027-05-01
2027-04-20  use calls 80  -> counted 80, used 140
2027-05-01  tick          -> #3 SUBSCRIPTION 108.40 DUE 2027-05-01..2027-06-01
                          -> sub ACTIVE b 2027-05-01..2027-06-01
2027-05-01  show #3       -> #3 SUBSCRIPTION 108.40 DUE 2027-05-01..2027-06-01
                          ->    BASE b = 100.00
                          ->    USAGE calls (b) 80 = 8.40 for 2027-04-16..2027-05-01

# Under a volume price each part stands alone: 60 × 0.10 = 6.00 and 80 × 0.10 = 8.00, not 140 × 0.05. A minimum
# is owed for the share of the period in which its term was in force: B's 30.00 for 10 of 30 days is 10.00, more
# than 8.00.
plan a 10.00 USD monthly in_arrears
  feature calls volume 100:0.10 inf:0.05
plan b 10.00 USD monthly in_arrears
  feature calls volume 100:0.10 inf:0.05 minimum 30.00

2027-04-01  subscribe a   -> #1 SUBSCRIPTION PENDING 2027-04-01..2027-05-01
                          -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-10  use calls 60  -> counted 60, used 60
2027-04-21  upgrade b     -> sub ACTIVE b 2027-04-01..2027-05-01
2027-04-22  use calls 80  -> counted 80, used 140
2027-05-01  tick          -> #1 SUBSCRIPTION 26.00 DUE 2027-04-01..2027-05-01
                          -> #2 SUBSCRIPTION PENDING 2027-05-01..2027-06-01
                          -> sub ACTIVE b 2027-05-01..2027-06-01
2027-05-01  show #1       -> #1 SUBSCRIPTION 26.00 DUE 2027-04-01..2027-05-01
                          ->    BASE a = 6.67 for 2027-04-01..2027-04-21
                          ->    BASE b = 3.33 for 2027-04-21..2027-05-01
                          ->    USAGE calls (a) 60 = 6.00 for 2027-04-01..2027-04-21
                          ->    USAGE calls (b), minimum 80 = 10.00 for 2027-04-21..2027-05-01

# In arrears the base price of a period is a part for each version: of 30 days A has 20 and B 10. A
# round(10.00 × 20/30 = 6.667) − 0 = 6.67; B 40.00 − round(40.00 × 20/30 = 26.667) = 13.33; 20.00 in all.
# Usage by the version in force: 100 × 0.10 and 50 × 0.05 = 12.50.
plan a 10.00 USD monthly in_arrears
  feature calls per_unit 0.10
plan b 40.00 USD monthly in_arrears
  feature calls per_unit 0.05

2027-04-01  subscribe a    -> #1 SUBSCRIPTION PENDING 2027-04-01..2027-05-01
                           -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-10  use calls 100  -> counted 100, used 100
2027-04-21  upgrade b      -> sub ACTIVE b 2027-04-01..2027-05-01
2027-04-22  use calls 50   -> counted 50, used 150
2027-05-01  tick           -> #1 SUBSCRIPTION 32.50 DUE 2027-04-01..2027-05-01
                           -> #2 SUBSCRIPTION PENDING 2027-05-01..2027-06-01
                           -> sub ACTIVE b 2027-05-01..2027-06-01
2027-05-01  show #1        -> #1 SUBSCRIPTION 32.50 DUE 2027-04-01..2027-05-01
                           ->    BASE a = 6.67 for 2027-04-01..2027-04-21
                           ->    BASE b = 13.33 for 2027-04-21..2027-05-01
                           ->    USAGE calls (a) 100 x 0.1 = 10.00 for 2027-04-01..2027-04-21
                           ->    USAGE calls (b) 50 x 0.05 = 2.50 for 2027-04-21..2027-05-01
2027-05-01  pay #1         -> #1 SUBSCRIPTION 32.50 PAID 2027-04-01..2027-05-01
2027-06-01  tick           -> #2 SUBSCRIPTION 40.00 DUE 2027-05-01..2027-06-01
                           -> #3 SUBSCRIPTION PENDING 2027-06-01..2027-07-01
                           -> sub ACTIVE b 2027-06-01..2027-07-01

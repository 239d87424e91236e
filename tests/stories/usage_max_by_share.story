# The highest of a part counts for the part's share of the period: under A 6 at 3.00 for 20 of 30 days, 12.00; under B
# 9 at 3.00 for 10 of 30, 9.00.
plan a 0.00 USD monthly in_arrears
  feature seats per_unit 3.00 max
plan b 0.00 USD monthly in_arrears
  feature seats per_unit 3.00 max

2027-04-01  subscribe a  -> #1 SUBSCRIPTION PENDING 2027-04-01..2027-05-01
                         -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-05  use seats 6  -> counted 6, used 6
2027-04-21  upgrade b    -> sub ACTIVE b 2027-04-01..2027-05-01
2027-04-22  use seats 9  -> counted 9, used 9
2027-05-01  tick         -> #1 SUBSCRIPTION 21.00 DUE 2027-04-01..2027-05-01
                         -> #2 SUBSCRIPTION PENDING 2027-05-01..2027-06-01
                         -> sub ACTIVE b 2027-05-01..2027-06-01
2027-05-01  show #1      -> #1 SUBSCRIPTION 21.00 DUE 2027-04-01..2027-05-01
                         ->    BASE a = 0.00 for 2027-04-01..2027-04-21
                         ->    BASE b = 0.00 for 2027-04-21..2027-05-01
                         ->    USAGE seats (a) 6 = 12.00 for 2027-04-01..2027-04-21
                         ->    USAGE seats (b) 9 = 9.00 for 2027-04-21..2027-05-01

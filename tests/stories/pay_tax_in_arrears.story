# The tax is rounded once, on the sum of the lines: 10.00 + 3 × 0.333 = 1.00 (0.999); 11.00 × 0.077 = 0.847
# to 0.85.
plan payg 10.00 USD monthly in_arrears
  feature calls per_unit 0.333
customer zoe tax 7.7

2027-04-01  subscribe payg  -> #1 SUBSCRIPTION PENDING 2027-04-01..2027-05-01
                            -> sub ACTIVE payg 2027-04-01..2027-05-01
2027-04-03  use calls 3     -> counted 3, used 3
2027-05-01  tick            -> #1 SUBSCRIPTION 11.85 DUE 2027-04-01..2027-05-01
                            -> #2 SUBSCRIPTION PENDING 2027-05-01..2027-06-01
                            -> sub ACTIVE payg 2027-05-01..2027-06-01
2027-05-01  show #1         -> #1 SUBSCRIPTION 11.85 DUE 2027-04-01..2027-05-01
                            ->    BASE payg = 10.00
                            ->    USAGE calls (payg) 3 x 0.333 = 1.00
                            ->    11.00 and 0.85 tax

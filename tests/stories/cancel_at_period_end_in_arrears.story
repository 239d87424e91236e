# In arrears the period's own invoice is what is owed at the end, 20.00 + 10 × 0.10, and no other opens.
plan payg 20.00 USD monthly in_arrears
  feature calls per_unit 0.10

2027-04-01  subscribe payg  -> #1 SUBSCRIPTION PENDING 2027-04-01..2027-05-01
                            -> sub ACTIVE payg 2027-04-01..2027-05-01
2027-04-10  use calls 10    -> counted 10, used 10
2027-04-10  cancel end      -> sub ACTIVE payg 2027-04-01..2027-05-01 ends 2027-05-01
2027-05-01  tick            -> #1 SUBSCRIPTION 21.00 DUE 2027-04-01..2027-05-01
                            -> sub CANCELLED payg 2027-04-01..2027-05-01
2027-05-01  show #1         -> #1 SUBSCRIPTION 21.00 DUE 2027-04-01..2027-05-01
                            ->    BASE payg = 20.00
                            ->    USAGE calls (payg) 10 x 0.1 = 1.00
2027-05-10  pay #1          -> #1 SUBSCRIPTION 21.00 PAID 2027-04-01..2027-05-01

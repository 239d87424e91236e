# January's invoice is past due on Feb 4 and paid on Feb 10: the running period stays Feb 1 to Mar 1, and
# is charged whole. What was used without access is billed too: 20.00 + 5 × 0.10 = 20.50.
plan payg 20.00 USD monthly in_arrears
  feature calls per_unit 0.10

2027-01-01  subscribe payg  -> #1 SUBSCRIPTION PENDING 2027-01-01..2027-02-01
                            -> sub ACTIVE payg 2027-01-01..2027-02-01
2027-02-01  tick            -> #1 SUBSCRIPTION 20.00 DUE 2027-01-01..2027-02-01
                            -> #2 SUBSCRIPTION PENDING 2027-02-01..2027-03-01
                            -> sub ACTIVE payg 2027-02-01..2027-03-01
2027-02-04  tick            -> #1 SUBSCRIPTION 20.00 PAST_DUE 2027-01-01..2027-02-01
                            -> sub PAST_DUE payg 2027-02-01..2027-03-01
2027-02-05  use calls 5     -> counted 5, used 5
2027-02-10  pay #1          -> #1 SUBSCRIPTION 20.00 PAID 2027-01-01..2027-02-01
                            -> sub ACTIVE payg 2027-02-01..2027-03-01
2027-03-01  tick            -> #2 SUBSCRIPTION 20.50 DUE 2027-02-01..2027-03-01
                            -> #3 SUBSCRIPTION PENDING 2027-03-01..2027-04-01
                            -> sub ACTIVE payg 2027-03-01..2027-04-01
2027-03-01  show #2         -> #2 SUBSCRIPTION 20.50 DUE 2027-02-01..2027-03-01
                            ->    BASE payg = 20.00
                            ->    USAGE calls (payg) 5 x 0.1 = 0.50

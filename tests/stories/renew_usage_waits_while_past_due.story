# What was used in an advance period that ends past due waits for the next invoice. Paid late on Mar 20,
# the renewal of Feb 1 serves Mar 20 to Apr 20, so that is the invoice of Apr 20: 49.00 + 100 × 0.02 (of
# the period of Feb 1) + 10 × 0.02 (of the one of Mar 20) = 51.20.
plan pro 49.00 USD monthly in_advance
  feature calls per_unit 0.02

2027-01-01  subscribe pro  -> #1 SUBSCRIPTION 49.00 DUE
                           -> sub INCOMPLETE pro
2027-01-01  pay #1         -> #1 SUBSCRIPTION 49.00 PAID 2027-01-01..2027-02-01
                           -> sub ACTIVE pro 2027-01-01..2027-02-01
2027-02-02  use calls 100  -> counted 100, used 100
                           -> #2 SUBSCRIPTION 49.00 DUE 2027-02-01..2027-03-01
                           -> sub ACTIVE pro 2027-02-01..2027-03-01
2027-03-01  tick           -> #2 SUBSCRIPTION 49.00 PAST_DUE 2027-02-01..2027-03-01
                           -> sub PAST_DUE pro 2027-02-01..2027-03-01
2027-03-20  pay #2         -> #2 SUBSCRIPTION 49.00 PAID 2027-02-01..2027-03-01
                           -> sub ACTIVE pro 2027-03-20..2027-04-20
2027-03-21  use calls 10   -> counted 10, used 10
2027-04-20  tick           -> #3 SUBSCRIPTION 51.20 DUE 2027-04-20..2027-05-20
                           -> sub ACTIVE pro 2027-04-20..2027-05-20
2027-04-20  show #3        -> #3 SUBSCRIPTION 51.20 DUE 2027-04-20..2027-05-20
                           ->    BASE pro = 49.00
                           ->    USAGE calls (pro) 100 x 0.02 = 2.00 for 2027-02-01..2027-03-01
                           ->    USAGE calls (pro) 10 x 0.02 = 0.20 for 2027-03-20..2027-04-20

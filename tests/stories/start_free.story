# A free plan starts ACTIVE with a zero invoice that is PAID. What was used is still charged, with the
# next period: 150 calls × 0.02 = 3.00, and that invoice can end access like any other.
plan free 0.00 USD monthly in_advance
  feature calls per_unit 0.02

2027-04-01                  subscribe free  -> #1 SUBSCRIPTION 0.00 PAID 2027-04-01..2027-05-01
                                            -> sub ACTIVE free 2027-04-01..2027-05-01
2027-04-01                  show #1         -> #1 SUBSCRIPTION 0.00 PAID 2027-04-01..2027-05-01
                                            ->    BASE free = 0.00
2027-04-10                  use calls 150   -> counted 150, used 150
2027-05-01                  tick            -> #2 SUBSCRIPTION 3.00 DUE 2027-05-01..2027-06-01
                                            -> sub ACTIVE free 2027-05-01..2027-06-01
2027-05-01                  show #2         -> #2 SUBSCRIPTION 3.00 DUE 2027-05-01..2027-06-01
                                            ->    BASE free = 0.00
                                            ->    USAGE calls (free) 150 x 0.02 = 3.00 for 2027-04-01..2027-05-01
2027-05-03T23:59:59.999999  check calls     -> allowed, used 0
2027-05-04                  check calls     -> denied payment_past_due, used 0
                                            -> #2 SUBSCRIPTION 3.00 PAST_DUE 2027-05-01..2027-06-01
                                            -> sub PAST_DUE free 2027-05-01..2027-06-01
2027-05-06                  pay #2          -> #2 SUBSCRIPTION 3.00 PAID 2027-05-01..2027-06-01
                                            -> sub ACTIVE free 2027-05-01..2027-06-01
2027-06-01                  tick            -> #3 SUBSCRIPTION 0.00 PAID 2027-06-01..2027-07-01
                                            -> sub ACTIVE free 2027-06-01..2027-07-01

# From arrears to advance the period is cut: its invoice is DUE with 20/30 of 30.00 = 20.00 and 100 × 0.02 =
# 2.00; the adjustment is B's full 50.00 for Apr 21 to May 21.
plan postpaid 30.00 USD monthly in_arrears
  feature calls per_unit 0.02
plan prepaid 50.00 USD monthly in_advance
  feature calls per_unit 0.02

2027-04-01  subscribe postpaid  -> #1 SUBSCRIPTION PENDING 2027-04-01..2027-05-01
                                -> sub ACTIVE postpaid 2027-04-01..2027-05-01
2027-04-10  use calls 100       -> counted 100, used 100
2027-04-21  upgrade prepaid     -> #1 SUBSCRIPTION 22.00 DUE 2027-04-01..2027-04-21
                                -> #2 ADJUSTMENT 50.00 DUE 2027-04-21..2027-05-21
                                -> sub ACTIVE prepaid 2027-04-21..2027-05-21
2027-04-21  show #1             -> #1 SUBSCRIPTION 22.00 DUE 2027-04-01..2027-04-21
                                ->    BASE postpaid = 20.00
                                ->    USAGE calls (postpaid) 100 x 0.02 = 2.00
2027-04-21  show #2             -> #2 ADJUSTMENT 50.00 DUE 2027-04-21..2027-05-21
                                ->    BASE prepaid = 50.00
2027-04-21  pay #1              -> #1 SUBSCRIPTION 22.00 PAID 2027-04-01..2027-04-21
2027-04-21  pay #2              -> #2 ADJUSTMENT 50.00 PAID 2027-04-21..2027-05-21
2027-05-21  tick                -> #3 SUBSCRIPTION 50.00 DUE 2027-05-21..2027-06-21
                                -> sub ACTIVE prepaid 2027-05-21..2027-06-21

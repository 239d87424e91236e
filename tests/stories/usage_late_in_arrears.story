# The same in arrears: on the next invoice, DUE at the next boundary. 3 × 0.10 late, 7 × 0.10 of May, 10.00: 11.00.
plan payg 10.00 USD monthly in_arrears
  feature calls per_unit 0.10

2027-04-01  subscribe payg             -> #1 SUBSCRIPTION PENDING 2027-04-01..2027-05-01
                                       -> sub ACTIVE payg 2027-04-01..2027-05-01
2027-05-01  tick                       -> #1 SUBSCRIPTION 10.00 DUE 2027-04-01..2027-05-01
                                       -> #2 SUBSCRIPTION PENDING 2027-05-01..2027-06-01
                                       -> sub ACTIVE payg 2027-05-01..2027-06-01
2027-05-01  pay #1                     -> #1 SUBSCRIPTION 10.00 PAID 2027-04-01..2027-05-01
2027-05-02  use calls 3 at 2027-04-20  -> counted 3, used 3, late
2027-05-02  show #2                    -> #2 SUBSCRIPTION 0.62 PENDING 2027-05-01..2027-06-01
                                       ->    BASE payg = 0.32 for 2027-05-01..2027-05-02
                                       ->    LATE_USAGE calls (payg), reported late 3 x 0.1 = 0.30 for 2027-04-01..2027-05-01
2027-05-10  use calls 7                -> counted 7, used 7
2027-06-01  tick                       -> #2 SUBSCRIPTION 11.00 DUE 2027-05-01..2027-06-01
                                       -> #3 SUBSCRIPTION PENDING 2027-06-01..2027-07-01
                                       -> sub ACTIVE payg 2027-06-01..2027-07-01
2027-06-01  show #2                    -> #2 SUBSCRIPTION 11.00 DUE 2027-05-01..2027-06-01
                                       ->    BASE payg = 10.00
                                       ->    LATE_USAGE calls (payg), reported late 3 x 0.1 = 0.30 for 2027-04-01..2027-05-01
                                       ->    USAGE calls (payg) 7 x 0.1 = 0.70

# The first 100 units are free and the price counts what lies beyond: 150 are 50 × 0.10 = 5.00, and the minimum of
# 8.00 is owed. 250 are 15.00. Without usage too 8.00. Cancelled after 15 of 30 days half of it: 4.00.
plan payg 0.00 USD monthly in_arrears
  feature calls per_unit 0.10 included 100 minimum 8.00

2027-04-01  subscribe payg  -> #1 SUBSCRIPTION PENDING 2027-04-01..2027-05-01
                            -> sub ACTIVE payg 2027-04-01..2027-05-01
2027-04-10  use calls 150   -> counted 150, used 150
2027-05-01  tick            -> #1 SUBSCRIPTION 8.00 DUE 2027-04-01..2027-05-01
                            -> #2 SUBSCRIPTION PENDING 2027-05-01..2027-06-01
                            -> sub ACTIVE payg 2027-05-01..2027-06-01
2027-05-01  show #1         -> #1 SUBSCRIPTION 8.00 DUE 2027-04-01..2027-05-01
                            ->    BASE payg = 0.00
                            ->    USAGE calls (payg), minimum 150 = 8.00
2027-05-01  pay #1          -> #1 SUBSCRIPTION 8.00 PAID 2027-04-01..2027-05-01
2027-05-10  use calls 250   -> counted 250, used 250
2027-06-01  tick            -> #2 SUBSCRIPTION 15.00 DUE 2027-05-01..2027-06-01
                            -> #3 SUBSCRIPTION PENDING 2027-06-01..2027-07-01
                            -> sub ACTIVE payg 2027-06-01..2027-07-01
2027-06-01  show #2         -> #2 SUBSCRIPTION 15.00 DUE 2027-05-01..2027-06-01
                            ->    BASE payg = 0.00
                            ->    USAGE calls (payg) 250 = 15.00
2027-06-01  pay #2          -> #2 SUBSCRIPTION 15.00 PAID 2027-05-01..2027-06-01
2027-07-01  tick            -> #3 SUBSCRIPTION 8.00 DUE 2027-06-01..2027-07-01
                            -> #4 SUBSCRIPTION PENDING 2027-07-01..2027-08-01
                            -> sub ACTIVE payg 2027-07-01..2027-08-01
2027-07-01  show #3         -> #3 SUBSCRIPTION 8.00 DUE 2027-06-01..2027-07-01
                            ->    BASE payg = 0.00
                            ->    USAGE calls (payg), minimum 0 = 8.00
2027-07-01  pay #3          -> #3 SUBSCRIPTION 8.00 PAID 2027-06-01..2027-07-01
2027-08-01  tick            -> #4 SUBSCRIPTION 8.00 DUE 2027-07-01..2027-08-01
                            -> #5 SUBSCRIPTION PENDING 2027-08-01..2027-09-01
                            -> sub ACTIVE payg 2027-08-01..2027-09-01
2027-08-01  pay #4          -> #4 SUBSCRIPTION 8.00 PAID 2027-07-01..2027-08-01
2027-09-01  tick            -> #5 SUBSCRIPTION 8.00 DUE 2027-08-01..2027-09-01
                            -> #6 SUBSCRIPTION PENDING 2027-09-01..2027-10-01
                            -> sub ACTIVE payg 2027-09-01..2027-10-01
2027-09-01  pay #5          -> #5 SUBSCRIPTION 8.00 PAID 2027-08-01..2027-09-01
2027-09-16  cancel now      -> #6 SUBSCRIPTION 0.00 VOID 2027-09-01..2027-10-01 replaced by #7
                            -> #7 FINAL 4.00 DUE 2027-09-01..2027-09-16
                            -> sub CANCELLED payg 2027-09-01..2027-09-16
2027-09-16  show #7         -> #7 FINAL 4.00 DUE 2027-09-01..2027-09-16
                            ->    BASE payg = 0.00
                            ->    USAGE calls (payg), minimum 0 = 4.00

# Late usage of April, 10 × 0.10, and May's, 4 × 0.10, are on FINAL; of May 2 of 31 days are gone: 31.00 − 2.00 = 29.00
# are credited, and pay it: 27.60 are left.
plan pro 31.00 USD monthly in_advance
  feature calls per_unit 0.10

2027-04-01  subscribe pro               -> #1 SUBSCRIPTION 31.00 DUE
                                        -> sub INCOMPLETE pro
2027-04-01  pay #1                      -> #1 SUBSCRIPTION 31.00 PAID 2027-04-01..2027-05-01
                                        -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-05-01  tick                        -> #2 SUBSCRIPTION 31.00 DUE 2027-05-01..2027-06-01
                                        -> sub ACTIVE pro 2027-05-01..2027-06-01
2027-05-01  pay #2                      -> #2 SUBSCRIPTION 31.00 PAID 2027-05-01..2027-06-01
2027-05-02  use calls 10 at 2027-04-30  -> counted 10, used 10, late
2027-05-02  use calls 4                 -> counted 4, used 4
2027-05-03  cancel now                  -> credit note 29.00
                                        -> #3 FINAL 1.40 PAID 2027-04-01..2027-05-03
                                        -> sub CANCELLED pro 2027-05-01..2027-05-03
                                        -> balance 27.60 USD
2027-05-03  show #3                     -> #3 FINAL 1.40 PAID 2027-04-01..2027-05-03
                                        ->    LATE_USAGE calls (pro), reported late 10 x 0.1 = 1.00 for 2027-04-01..2027-05-01
                                        ->    USAGE calls (pro) 4 x 0.1 = 0.40 for 2027-05-01..2027-05-03

# What comes in late for a period that was cut is on the next invoice at the old plan's terms: of April, 20 were billed at
# 0.10 with the cut, 5 more are 0.50. The week's own 3 are 3 × 0.20. Half of April: 7.00 − 15.00 + 2.00 = −6.00.
plan monthly 30.00 USD monthly in_advance
  feature calls per_unit 0.10
plan weekly 7.00 USD weekly in_advance
  feature calls per_unit 0.20

2027-04-01  subscribe monthly                          -> #1 SUBSCRIPTION 30.00 DUE
                                                       -> sub INCOMPLETE monthly
2027-04-01  pay #1                                     -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                                                       -> sub ACTIVE monthly 2027-04-01..2027-05-01
2027-04-10  use calls 20                               -> counted 20, used 20
2027-04-16  upgrade weekly                             -> credit note 6.00
                                                       -> sub ACTIVE weekly 2027-04-16..2027-04-23
                                                       -> balance 6.00 USD
2027-04-17  use calls 5 at 2027-04-15T23:59:59.999999  -> counted 5, used 25, late
2027-04-17  use calls 3 at 2027-04-16                  -> counted 3, used 28
2027-04-23  tick                                       -> #2 SUBSCRIPTION 8.10 DUE (6.00 paid) 2027-04-23..2027-04-30
                                                       -> sub ACTIVE weekly 2027-04-23..2027-04-30
                                                       -> balance 0.00 USD
2027-04-23  show #2                                    -> #2 SUBSCRIPTION 8.10 DUE (6.00 paid) 2027-04-23..2027-04-30
                                                       ->    BASE weekly = 7.00
                                                       ->    LATE_USAGE calls (monthly), reported late 5 x 0.1 = 0.50 for 2027-04-01..2027-04-16
                                                       ->    USAGE calls (weekly) 3 x 0.2 = 0.60 for 2027-04-16..2027-04-23

# Unsettled, the running period's usage and arrears base are left out; March's, which was due, is not: 32.00.
# Late usage of the running period is not billed either.
plan payg 30.00 USD monthly in_arrears grace 30
  feature calls per_unit 0.02

2027-03-01  subscribe payg              -> #1 SUBSCRIPTION PENDING 2027-03-01..2027-04-01
                                        -> sub ACTIVE payg 2027-03-01..2027-04-01
2027-03-05  use calls 100               -> counted 100, used 100
2027-04-01  tick                        -> #1 SUBSCRIPTION 32.00 DUE 2027-03-01..2027-04-01
                                        -> #2 SUBSCRIPTION PENDING 2027-04-01..2027-05-01
                                        -> sub ACTIVE payg 2027-04-01..2027-05-01
2027-04-02  use calls 250               -> counted 250, used 250
2027-04-11  cancel now unsettled        -> #1 SUBSCRIPTION 32.00 VOID 2027-03-01..2027-04-01 replaced by #3
                                        -> #2 SUBSCRIPTION 0.00 VOID 2027-04-01..2027-05-01
                                        -> #3 FINAL 32.00 DUE 2027-03-01..2027-04-11
                                        -> sub CANCELLED payg 2027-04-01..2027-04-11
2027-04-11  show #3                     -> #3 FINAL 32.00 DUE 2027-03-01..2027-04-11
                                        ->    BASE payg = 30.00 for 2027-03-01..2027-04-01
                                        ->    USAGE calls (payg) 100 x 0.02 = 2.00 for 2027-03-01..2027-04-01
2027-04-12  use calls 10 at 2027-04-05  -> counted 10, used 260, not_charged
2027-05-20  tick                        -> #3 FINAL 32.00 PAST_DUE 2027-03-01..2027-04-11

# In arrears FINAL carries the base price up to now, 30.00 × 10/30 = 10.00, and the usage, 250 × 0.02 = 5.00; the
# PENDING invoice is void and replaced. With March's invoice unpaid its base and usage are carried too: 30.00 +
# 100 × 0.02 = 32.00, in all 47.00.
plan payg 30.00 USD monthly in_arrears grace 30
  feature calls per_unit 0.02

2027-03-01  subscribe payg  -> #1 SUBSCRIPTION PENDING 2027-03-01..2027-04-01
                            -> sub ACTIVE payg 2027-03-01..2027-04-01
2027-03-05  use calls 100   -> counted 100, used 100
2027-04-01  tick            -> #1 SUBSCRIPTION 32.00 DUE 2027-03-01..2027-04-01
                            -> #2 SUBSCRIPTION PENDING 2027-04-01..2027-05-01
                            -> sub ACTIVE payg 2027-04-01..2027-05-01
2027-04-02  use calls 250   -> counted 250, used 250
2027-04-11  cancel now      -> #1 SUBSCRIPTION 32.00 VOID 2027-03-01..2027-04-01 replaced by #3
                            -> #2 SUBSCRIPTION 0.00 VOID 2027-04-01..2027-05-01 replaced by #3
                            -> #3 FINAL 47.00 DUE 2027-03-01..2027-04-11
                            -> sub CANCELLED payg 2027-04-01..2027-04-11
2027-04-11  show #3         -> #3 FINAL 47.00 DUE 2027-03-01..2027-04-11
                            ->    BASE payg = 30.00 for 2027-03-01..2027-04-01
                            ->    USAGE calls (payg) 100 x 0.02 = 2.00 for 2027-03-01..2027-04-01
                            ->    BASE payg = 10.00 for 2027-04-01..2027-04-11
                            ->    USAGE calls (payg) 250 x 0.02 = 5.00 for 2027-04-01..2027-04-11
2027-04-11  pay #3          -> #3 FINAL 47.00 PAID 2027-03-01..2027-04-11

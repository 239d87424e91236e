# After a trial in arrears the first period is PENDING and nothing is due before its end:
# 20.00 + 50 × 0.10 = 25.00. What was used in the trial, 40, is not in it.
plan payg 20.00 USD monthly in_arrears trial 10
  feature calls per_unit 0.10

2027-03-01  subscribe payg             -> #1 SUBSCRIPTION 0.00 PAID 2027-03-01..2027-03-11
                                       -> sub TRIALING payg 2027-03-01..2027-03-11
2027-03-05  use calls 40               -> counted 40, used 40, in_trial
2027-03-11  tick                       -> #2 SUBSCRIPTION PENDING 2027-03-11..2027-04-11
                                       -> sub ACTIVE payg 2027-03-11..2027-04-11
2027-03-12  use calls 50               -> counted 50, used 50
2027-03-12  use calls 4 at 2027-03-10  -> counted 4, used 44, in_trial
2027-04-11  tick                       -> #2 SUBSCRIPTION 25.00 DUE 2027-03-11..2027-04-11
                                       -> #3 SUBSCRIPTION PENDING 2027-04-11..2027-05-11
                                       -> sub ACTIVE payg 2027-04-11..2027-05-11
2027-04-11  show #2                    -> #2 SUBSCRIPTION 25.00 DUE 2027-03-11..2027-04-11
                                       ->    BASE payg = 20.00
                                       ->    USAGE calls (payg) 50 x 0.1 = 5.00

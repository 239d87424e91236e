# A correction decides its event again with fewer units: at 2 credits a unit 20 credits cover 10 of 14 units, and 4 cost
# 0.10 each. With 3 fewer, 11: 10 are covered still, and 0.30 less is money. With 4 fewer again, 7: they would have burnt
# 14, so 6 come back, to the grants that were spent last: 15 granted by the plan, after the 5 that expire sooner.
# On May 5 those have expired, and of the 14 that the rest gives back 5 do not come back.
plan pro 0.00 USD monthly in_advance
  feature calls per_unit 0.10 burns AI 2
  credits AI 15 rollover full

2027-04-01  subscribe pro                              -> #1 SUBSCRIPTION 0.00 PAID 2027-04-01..2027-05-01
                                                       -> sub ACTIVE pro 2027-04-01..2027-05-01
                                                       -> credits 15 AI
2027-04-02  grant AI 5 promotional expires 2027-05-05  -> credits 20 AI
2027-04-10  use calls 14 key a                         -> counted 14, used 14, burnt 20, 8 credits short
                                                       -> credits 0 AI
2027-04-11  correct a 3                                -> counted -3, used 11
2027-04-12  correct a 4                                -> counted -4, used 7, given back 6
                                                       -> credits 6 AI
2027-04-12  show credits                               -> AI: granted 20, consumed 14, expired 0, clawed back 0
                                                       ->    2027-04-01 PLAN_INCLUDED 6 of 15 AI left
                                                       ->    2027-04-02 PROMOTIONAL 0 of 5 AI left until 2027-05-05
2027-05-01  tick                                       -> #2 SUBSCRIPTION 0.00 PAID 2027-05-01..2027-06-01
                                                       -> sub ACTIVE pro 2027-05-01..2027-06-01
                                                       -> credits 21 AI
2027-05-05  correct a 7                                -> counted -7, used 0, given back 9, late, not_returned
                                                       -> credits 30 AI
2027-05-05  show credits                               -> AI: granted 35, consumed 5, expired 0, clawed back 0
                                                       ->    2027-04-01 PLAN_INCLUDED 15 of 15 AI left
                                                       ->    2027-04-02 PROMOTIONAL 0 of 5 AI left until 2027-05-05
                                                       ->    2027-05-01 PLAN_INCLUDED 15 of 15 AI left
2027-06-01  tick                                       -> #3 SUBSCRIPTION 0.00 PAID 2027-06-01..2027-07-01
                                                       -> sub ACTIVE pro 2027-06-01..2027-07-01
                                                       -> credits 45 AI

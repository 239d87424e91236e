# What an unpaid renewal has promised counts as given, by way of a plan with fewer credits too: 1,000 are promised, B's 500
# add nothing, C's 2,000 add 1,000, and the payment brings the 1,000: 2,000 in all. May has 31 days, 11 are gone: 40.00 −
# 20.00 = 20.00; then 60.00 − 40.00 = 20.00.
plan a 31.00 USD monthly in_advance grace 30
  feature chat burns AI
  credits AI 1000
plan b 62.00 USD monthly in_advance grace 30
  feature chat burns AI
  credits AI 500
plan c 93.00 USD monthly in_advance grace 30
  feature chat burns AI
  credits AI 2000

2027-04-01  subscribe a    -> #1 SUBSCRIPTION 31.00 DUE
                           -> sub INCOMPLETE a
2027-04-01  pay #1         -> #1 SUBSCRIPTION 31.00 PAID 2027-04-01..2027-05-01
                           -> sub ACTIVE a 2027-04-01..2027-05-01
                           -> credits 1000 AI
2027-04-10  use chat 1000  -> counted 1000, used 1000, burnt 1000
                           -> credits 0 AI
2027-05-01  tick           -> #2 SUBSCRIPTION 31.00 DUE 2027-05-01..2027-06-01
                           -> sub ACTIVE a 2027-05-01..2027-06-01
2027-05-12  upgrade b      -> #3 ADJUSTMENT 20.00 DUE 2027-05-12..2027-06-01
                           -> sub ACTIVE b 2027-05-01..2027-06-01
2027-05-12  upgrade c      -> #4 ADJUSTMENT 20.00 DUE 2027-05-12..2027-06-01
                           -> sub ACTIVE c 2027-05-01..2027-06-01
                           -> credits 1000 AI
2027-05-12  pay #2         -> #2 SUBSCRIPTION 31.00 PAID 2027-05-01..2027-06-01
                           -> credits 2000 AI
2027-05-12  show credits   -> AI: granted 3000, consumed 1000, expired 0, clawed back 0
                           ->    2027-04-01 PLAN_INCLUDED 0 of 1000 AI left
                           ->    2027-05-12 PLAN_INCLUDED 1000 of 1000 AI left
                           ->    2027-05-12 PLAN_INCLUDED 1000 of 1000 AI left

# The renewal of May 1 is unpaid when the plan is changed: its 1,000 credits are promised to come with its
# payment, so the upgrade brings 5,000 − 1,000 = 4,000 now, and the payment 1,000: 5,000 in all. What is left of
# April's credits, 300, is not kept when the payment comes. Of May 1 to May 31 20 days are left: unused 31.00
# − 11.00 = 20.00; B 62.00 × 20/31 = 40.00; 20.00.
plan a 31.00 USD monthly in_advance grace 30
  feature chat burns AI
  credits AI 1000
plan b 62.00 USD monthly in_advance
  feature chat burns AI
  credits AI 5000

2027-04-01  subscribe a   -> #1 SUBSCRIPTION 31.00 DUE
                          -> sub INCOMPLETE a
2027-04-01  pay #1        -> #1 SUBSCRIPTION 31.00 PAID 2027-04-01..2027-05-01
                          -> sub ACTIVE a 2027-04-01..2027-05-01
                          -> credits 1000 AI
2027-04-10  use chat 700  -> counted 700, used 700, burnt 700
                          -> credits 300 AI
2027-05-01  tick          -> #2 SUBSCRIPTION 31.00 DUE 2027-05-01..2027-06-01
                          -> sub ACTIVE a 2027-05-01..2027-06-01
2027-05-12  upgrade b     -> #3 ADJUSTMENT 20.00 DUE 2027-05-12..2027-06-01
                          -> sub ACTIVE b 2027-05-01..2027-06-01
                          -> credits 4300 AI
2027-05-12  pay #2        -> #2 SUBSCRIPTION 31.00 PAID 2027-05-01..2027-06-01
                          -> credits 5000 AI
2027-05-12  pay #3        -> #3 ADJUSTMENT 20.00 PAID 2027-05-12..2027-06-01
2027-05-12  show credits  -> AI: granted 6000, consumed 700, expired 300, clawed back 0
                          ->    2027-04-01 PLAN_INCLUDED 0 of 1000 AI left
                          ->    2027-05-12 PLAN_INCLUDED 1000 of 1000 AI left
                          ->    2027-05-12 PLAN_INCLUDED 4000 of 4000 AI left

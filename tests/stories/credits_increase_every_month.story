# An upgrade adds to the running month's credits: 300 − 100 = 200 now, and 300 with the next month. 365 days, 73 of them gone
# on Apr 14: unused 365.00 − 73.00 = 292.00; 730.00 × 292/365 = 584.00; 292.00.
plan a 365.00 USD yearly in_advance
  feature chat burns AI
  credits AI 100 rollover full every month
plan b 730.00 USD yearly in_advance
  feature chat burns AI
  credits AI 300 rollover full every month

2027-01-31  subscribe a   -> #1 SUBSCRIPTION 365.00 DUE
                          -> sub INCOMPLETE a
2027-01-31  pay #1        -> #1 SUBSCRIPTION 365.00 PAID 2027-01-31..2028-01-31
                          -> sub ACTIVE a 2027-01-31..2028-01-31
                          -> credits 100 AI
2027-04-14  upgrade b     -> #2 ADJUSTMENT 292.00 DUE 2027-04-14..2028-01-31
                          -> sub ACTIVE b 2027-01-31..2028-01-31
                          -> credits 500 AI
2027-04-14  pay #2        -> #2 ADJUSTMENT 292.00 PAID 2027-04-14..2028-01-31
2027-04-30  tick          -> credits 800 AI
2027-05-01  show credits  -> AI: granted 800, consumed 0, expired 0, clawed back 0
                          ->    2027-01-31 PLAN_INCLUDED 100 of 100 AI left
                          ->    2027-02-28 PLAN_INCLUDED 100 of 100 AI left
                          ->    2027-03-31 PLAN_INCLUDED 100 of 100 AI left
                          ->    2027-04-14 PLAN_INCLUDED 200 of 200 AI left
                          ->    2027-04-30 PLAN_INCLUDED 300 of 300 AI left

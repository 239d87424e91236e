# Monthly to yearly and to a bigger yearly plan, one after the other and unpaid: 100 credits, then 200 (100
# more), then 300 (100 more). An adjustment that is not paid yet promises no credits of its own.
plan a 30.00 USD monthly in_advance
  feature chat burns AI
  credits AI 100
plan b 365.00 USD yearly in_advance
  feature chat burns AI
  credits AI 200
plan c 730.00 USD yearly in_advance
  feature chat burns AI
  credits AI 300

2027-04-01  subscribe a   -> #1 SUBSCRIPTION 30.00 DUE
                          -> sub INCOMPLETE a
2027-04-01  pay #1        -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                          -> sub ACTIVE a 2027-04-01..2027-05-01
                          -> credits 100 AI
2027-04-16  upgrade b     -> #2 ADJUSTMENT 350.00 DUE 2027-04-16..2028-04-16
                          -> sub ACTIVE b 2027-04-16..2028-04-16
                          -> credits 200 AI
# 365.00 − 15.00. A day later: C 730.00 × 365/366 = 728.005 and unused 365.00 − round(0.997) = 364.00.
2027-04-17  upgrade c     -> #3 ADJUSTMENT 364.01 DUE 2027-04-17..2028-04-16
                          -> sub ACTIVE c 2027-04-16..2028-04-16
                          -> credits 300 AI
2027-04-17  show #3       -> #3 ADJUSTMENT 364.01 DUE 2027-04-17..2028-04-16
                          ->    UNUSED_TIME Unused time on b = -364.00
                          ->    REMAINING_TIME Remaining time on c = 728.01
2027-04-17  show credits  -> AI: granted 300, consumed 0, expired 0, clawed back 0
                          ->    2027-04-01 PLAN_INCLUDED 100 of 100 AI left
                          ->    2027-04-16 PLAN_INCLUDED 100 of 100 AI left
                          ->    2027-04-17 PLAN_INCLUDED 100 of 100 AI left

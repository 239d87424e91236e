# 100 credits at the start; up to 500 brings 400; down and up again brings nothing more in the same period.
# Half of April is left: unused 10.00 − 5.00 = 5.00 and 25.00 for B: 20.00. The next period has 500.
plan a 10.00 USD monthly in_advance
  feature chat burns AI
  credits AI 100
plan b 50.00 USD monthly in_advance
  feature chat burns AI
  credits AI 500

2027-04-01  subscribe a   -> #1 SUBSCRIPTION 10.00 DUE
                          -> sub INCOMPLETE a
2027-04-01  pay #1        -> #1 SUBSCRIPTION 10.00 PAID 2027-04-01..2027-05-01
                          -> sub ACTIVE a 2027-04-01..2027-05-01
                          -> credits 100 AI
2027-04-16  upgrade b     -> #2 ADJUSTMENT 20.00 DUE 2027-04-16..2027-05-01
                          -> sub ACTIVE b 2027-04-01..2027-05-01
                          -> credits 500 AI
2027-04-16  pay #2        -> #2 ADJUSTMENT 20.00 PAID 2027-04-16..2027-05-01
2027-04-16  downgrade a   -> sub ACTIVE b 2027-04-01..2027-05-01 then a
2027-04-16  upgrade a     -> refused: not_an_upgrade
2027-04-16  undo change   -> sub ACTIVE b 2027-04-01..2027-05-01
2027-04-20  upgrade b     -> refused: same_plan
2027-05-01  tick          -> #3 SUBSCRIPTION 50.00 DUE 2027-05-01..2027-06-01
                          -> sub ACTIVE b 2027-05-01..2027-06-01
2027-05-01  pay #3        -> #3 SUBSCRIPTION 50.00 PAID 2027-05-01..2027-06-01
2027-05-01  show credits  -> AI: granted 1000, consumed 0, expired 500, clawed back 0
                          ->    2027-04-01 PLAN_INCLUDED 0 of 100 AI left
                          ->    2027-04-16 PLAN_INCLUDED 0 of 400 AI left
                          ->    2027-05-01 PLAN_INCLUDED 500 of 500 AI left

# An upgrade voided and asked for again mints nothing: of the 400 that the first one added 30 were burnt and 370 taken
# back, so the period has been given 100 + 30, and the second one adds 500 − 130 = 370.
plan a 30.00 USD monthly in_advance grace 30
  feature chat burns AI
  credits AI 100
plan b 100.00 USD monthly in_advance grace 30
  feature chat burns AI
  credits AI 500

2027-04-01  subscribe a   -> #1 SUBSCRIPTION 30.00 DUE
                          -> sub INCOMPLETE a
2027-04-01  pay #1        -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                          -> sub ACTIVE a 2027-04-01..2027-05-01
                          -> credits 100 AI
2027-04-11  upgrade b     -> #2 ADJUSTMENT 46.67 DUE 2027-04-11..2027-05-01
                          -> sub ACTIVE b 2027-04-01..2027-05-01
                          -> credits 500 AI
2027-04-12  use chat 130  -> counted 130, used 130, burnt 130
                          -> credits 370 AI
2027-04-13  void #2       -> #2 ADJUSTMENT 46.67 VOID 2027-04-11..2027-05-01
                          -> sub ACTIVE a 2027-04-01..2027-05-01
                          -> credits 0 AI
2027-04-16  upgrade b     -> #3 ADJUSTMENT 35.00 DUE 2027-04-16..2027-05-01
                          -> sub ACTIVE b 2027-04-01..2027-05-01
                          -> credits 370 AI
2027-04-16  show credits  -> AI: granted 870, consumed 130, expired 0, clawed back 370
                          ->    2027-04-01 PLAN_INCLUDED 0 of 100 AI left
                          ->    2027-04-11 PLAN_INCLUDED 0 of 400 AI left
                          ->    2027-04-16 PLAN_INCLUDED 370 of 370 AI left

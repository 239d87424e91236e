# Voiding the newest adjustment, unpaid, in its running period undoes its plan change: the plan returns, and what is left
# of the increase of credits, 400 less the 30 burnt of it, is clawed back. What was used under B is charged by B's terms,
# 10 × 0.50 = 5.00, and what was used before and after by A's, (20 + 10) × 0.10 = 3.00; with May's 30.00 it is 38.00.
# Of April 20 of 30 days are left at the upgrade: 66.67 − 20.00 = 46.67.
plan a 30.00 USD monthly in_advance grace 30
  feature calls per_unit 0.10
  feature chat burns AI
  credits AI 100
plan b 100.00 USD monthly in_advance grace 30
  feature calls per_unit 0.50
  feature chat burns AI
  credits AI 500

2027-04-01  subscribe a   -> #1 SUBSCRIPTION 30.00 DUE
                          -> sub INCOMPLETE a
2027-04-01  pay #1        -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                          -> sub ACTIVE a 2027-04-01..2027-05-01
                          -> credits 100 AI
2027-04-02  use calls 20  -> counted 20, used 20
2027-04-11  upgrade b     -> #2 ADJUSTMENT 46.67 DUE 2027-04-11..2027-05-01
                          -> sub ACTIVE b 2027-04-01..2027-05-01
                          -> credits 500 AI
2027-04-12  use calls 10  -> counted 10, used 30
2027-04-12  use chat 130  -> counted 130, used 130, burnt 130
                          -> credits 370 AI
2027-04-13  void #2       -> #2 ADJUSTMENT 46.67 VOID 2027-04-11..2027-05-01
                          -> sub ACTIVE a 2027-04-01..2027-05-01
                          -> credits 0 AI
2027-04-13  show credits  -> AI: granted 500, consumed 130, expired 0, clawed back 370
                          ->    2027-04-01 PLAN_INCLUDED 0 of 100 AI left
                          ->    2027-04-11 PLAN_INCLUDED 0 of 400 AI left
2027-04-14  use calls 10  -> counted 10, used 40
2027-05-01  tick          -> #3 SUBSCRIPTION 38.00 DUE 2027-05-01..2027-06-01
                          -> sub ACTIVE a 2027-05-01..2027-06-01
2027-05-01  show #3       -> #3 SUBSCRIPTION 38.00 DUE 2027-05-01..2027-06-01
                          ->    BASE a = 30.00
                          ->    USAGE calls (a) 30 x 0.1 = 3.00 for 2027-04-01..2027-05-01
                          ->    USAGE calls (b) 10 x 0.5 = 5.00 for 2027-04-11..2027-04-13

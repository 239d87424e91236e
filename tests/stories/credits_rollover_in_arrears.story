# In arrears credits come at each boundary: capped at 50, of 100 left the 50 that expire last are kept, then 50 of 150.
# Promotional credits are no part of it.
plan payg 10.00 USD monthly in_arrears
  feature chat burns AI
  credits AI 100 rollover capped 50 expires 3

2027-04-01  subscribe payg  -> #1 SUBSCRIPTION PENDING 2027-04-01..2027-05-01
                            -> sub ACTIVE payg 2027-04-01..2027-05-01
                            -> credits 100 AI
2027-04-02  grant AI 7      -> credits 107 AI
2027-05-01  tick            -> #1 SUBSCRIPTION 10.00 DUE 2027-04-01..2027-05-01
                            -> #2 SUBSCRIPTION PENDING 2027-05-01..2027-06-01
                            -> sub ACTIVE payg 2027-05-01..2027-06-01
                            -> credits 157 AI
2027-05-01  show credits    -> AI: granted 207, consumed 0, expired 50, clawed back 0
                            ->    2027-04-01 PLAN_INCLUDED 50 of 100 AI left until 2027-07-01
                            ->    2027-04-02 PROMOTIONAL 7 of 7 AI left
                            ->    2027-05-01 PLAN_INCLUDED 100 of 100 AI left until 2027-08-01
2027-05-01  pay #1          -> #1 SUBSCRIPTION 10.00 PAID 2027-04-01..2027-05-01
2027-06-01  tick            -> #2 SUBSCRIPTION 10.00 DUE 2027-05-01..2027-06-01
                            -> #3 SUBSCRIPTION PENDING 2027-06-01..2027-07-01
                            -> sub ACTIVE payg 2027-06-01..2027-07-01
2027-06-01  show credits    -> AI: granted 307, consumed 0, expired 150, clawed back 0
                            ->    2027-04-01 PLAN_INCLUDED 0 of 100 AI left until 2027-07-01
                            ->    2027-04-02 PROMOTIONAL 7 of 7 AI left
                            ->    2027-05-01 PLAN_INCLUDED 50 of 100 AI left until 2027-08-01
                            ->    2027-06-01 PLAN_INCLUDED 100 of 100 AI left until 2027-09-01

# Plans of two subscriptions grant into one pool, and either can spend them; claw-back and rollover touch only what the
# one granted. 100 + 50; 120 burnt, the older 100 first; the second's rest of 30 goes with it.
plan a 0.00 USD monthly in_advance
  feature chat burns AI
  credits AI 100 rollover full
plan b 0.00 USD monthly in_advance
  feature chat burns AI
  credits AI 50 rollover full

2027-04-01  subscribe a       -> #1 SUBSCRIPTION 0.00 PAID 2027-04-01..2027-05-01
                              -> sub ACTIVE a 2027-04-01..2027-05-01
                              -> credits 100 AI
2027-04-02  subscribe b       -> #2 SUBSCRIPTION 0.00 PAID 2027-04-02..2027-05-02
                              -> sub2 ACTIVE b 2027-04-02..2027-05-02
                              -> credits 150 AI
2027-04-03  use chat 120      -> counted 120, used 120, burnt 120
                              -> credits 30 AI
2027-04-04  sub2: cancel now  -> sub2 CANCELLED b 2027-04-02..2027-04-04
                              -> credits 0 AI
2027-05-01  tick              -> #3 SUBSCRIPTION 0.00 PAID 2027-05-01..2027-06-01
                              -> sub ACTIVE a 2027-05-01..2027-06-01
                              -> credits 100 AI
2027-05-01  show credits      -> AI: granted 250, consumed 120, expired 0, clawed back 30
                              ->    2027-04-01 PLAN_INCLUDED 0 of 100 AI left
                              ->    2027-04-02 PLAN_INCLUDED 0 of 50 AI left
                              ->    2027-05-01 PLAN_INCLUDED 100 of 100 AI left

# A soft limit goes below zero and is never denied: 10 − 25 = −15. What is owed is repaid first by later grants, 20: 5;
# and stays at cancellation.
plan free 0.00 USD monthly in_advance
  feature chat burns AI
  credits AI 10
denomination AI soft

2027-04-01  subscribe free  -> #1 SUBSCRIPTION 0.00 PAID 2027-04-01..2027-05-01
                            -> sub ACTIVE free 2027-04-01..2027-05-01
                            -> credits 10 AI
2027-04-02  use chat 25     -> counted 25, used 25, burnt 25
                            -> credits -15 AI
2027-04-02  check chat 100  -> allowed, used 25, would be 125, would burn 100
2027-04-03  grant AI 20     -> credits 5 AI
2027-04-04  use chat 9      -> counted 9, used 34, burnt 9
                            -> credits -4 AI
2027-04-05  cancel now      -> sub CANCELLED free 2027-04-01..2027-04-05

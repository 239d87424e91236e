# Without a price the check asks for all the credits, weighted; what is recorded all the same burns what is there: 10
# credits at 3 a unit cover 3.333333333333 of 5 units (cut, not rounded), 9.999999999999 credits; for the other
# 1.666666666667 units 5.000000000001 are missing.
plan free 0.00 USD monthly in_advance
  feature chat burns AI 3
  credits AI 10

2027-04-01  subscribe free  -> #1 SUBSCRIPTION 0.00 PAID 2027-04-01..2027-05-01
                            -> sub ACTIVE free 2027-04-01..2027-05-01
                            -> credits 10 AI
2027-04-02  check chat      -> allowed, used 0
2027-04-02  check chat 4    -> denied insufficient_credits, used 0, would be 4, would burn 12
2027-04-02  use chat 5      -> counted 5, used 5, burnt 9.999999999999, 5.000000000001 credits short
                            -> credits 0.000000000001 AI
2027-04-02  check chat      -> denied insufficient_credits, used 5

# The weight is the version's for the model, exactly named, else its own: 2 × 8 = 16 and 2 × 0.5 = 1, then 2 × 1.5.
plan free 0.00 USD monthly in_advance
  feature chat burns AI 1.5 big:8 small:0.5
  credits AI 100

2027-04-01  subscribe free           -> #1 SUBSCRIPTION 0.00 PAID 2027-04-01..2027-05-01
                                     -> sub ACTIVE free 2027-04-01..2027-05-01
                                     -> credits 100 AI
2027-04-02  check chat 2 model big   -> allowed, used 0, would be 2, would burn 16
2027-04-02  use chat 2 model big     -> counted 2, used 2, burnt 16
                                     -> credits 84 AI
2027-04-02  use chat 2 model small   -> counted 2, used 4, burnt 1
                                     -> credits 83 AI
2027-04-02  use chat 2 model other   -> counted 2, used 6, burnt 3
                                     -> credits 80 AI
2027-04-02  use chat 2               -> counted 2, used 8, burnt 3
                                     -> credits 77 AI
2027-04-02  check chat 10 model big  -> denied insufficient_credits, used 8, would be 18, would burn 80

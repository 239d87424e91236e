# Where the plan gives no weight the table does: 2 for the feature, 8 for the feature and the model big; without a table 1.
weight chat 2
weight chat 8 model big
plan free 0.00 USD monthly in_advance
  feature chat burns AI
  feature draw burns AI
  feature talk burns AI 3
  credits AI 1000

2027-04-01  subscribe free          -> #1 SUBSCRIPTION 0.00 PAID 2027-04-01..2027-05-01
                                    -> sub ACTIVE free 2027-04-01..2027-05-01
                                    -> credits 1000 AI
2027-04-02  use chat 10             -> counted 10, used 10, burnt 20
                                    -> credits 980 AI
2027-04-02  use chat 10 model big   -> counted 10, used 20, burnt 80
                                    -> credits 900 AI
2027-04-02  use chat 10 model Big   -> counted 10, used 30, burnt 20
                                    -> credits 880 AI
2027-04-02  use draw 10             -> counted 10, used 10, burnt 10
                                    -> credits 870 AI
2027-04-02  check chat 5 model big  -> allowed, used 30, would be 35, would burn 40
2027-04-02  use talk 10             -> counted 10, used 10, burnt 30
                                    -> credits 840 AI

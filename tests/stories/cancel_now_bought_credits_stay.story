# What is left of the plan's credits is clawed back; bought and promotional ones stay. Burnt were 150: the 100
# that expire first, then 50 of the plan's, which are older. Half of April is left: 24.50.
plan pro 49.00 USD monthly in_advance
  feature chat burns AI
  credits AI 1000

2027-04-01  subscribe pro                                -> #1 SUBSCRIPTION 49.00 DUE
                                                         -> sub INCOMPLETE pro
2027-04-01  pay #1                                       -> #1 SUBSCRIPTION 49.00 PAID 2027-04-01..2027-05-01
                                                         -> sub ACTIVE pro 2027-04-01..2027-05-01
                                                         -> credits 1000 AI
2027-04-02  grant AI 100 promotional expires 2027-06-01  -> credits 1100 AI
2027-04-02  grant AI 200 purchased                       -> credits 1300 AI
2027-04-02  grant AI 30 promotional                      -> credits 1330 AI
2027-04-05  use chat 150                                 -> counted 150, used 150, burnt 150
                                                         -> credits 1180 AI
2027-04-05  show credits                                 -> AI: granted 1330, consumed 150, expired 0, clawed back 0
                                                         ->    2027-04-01 PLAN_INCLUDED 950 of 1000 AI left
                                                         ->    2027-04-02 PROMOTIONAL 30 of 30 AI left
                                                         ->    2027-04-02 PROMOTIONAL 0 of 100 AI left until 2027-06-01
                                                         ->    2027-04-02 PURCHASED 200 of 200 AI left
2027-04-16  cancel now                                   -> credit note 24.50
                                                         -> sub CANCELLED pro 2027-04-01..2027-04-16
                                                         -> balance 24.50 USD
                                                         -> credits 230 AI
2027-04-16  show credits                                 -> AI: granted 1330, consumed 150, expired 0, clawed back 950
                                                         ->    2027-04-01 PLAN_INCLUDED 0 of 1000 AI left
                                                         ->    2027-04-02 PROMOTIONAL 30 of 30 AI left
                                                         ->    2027-04-02 PROMOTIONAL 0 of 100 AI left until 2027-06-01
                                                         ->    2027-04-02 PURCHASED 200 of 200 AI left

# In grace for longer than a period: May's renewal is paid on Jun 5, when June runs already. Its credits are what rollover
# would have kept: of 100 capped at 30, 30. June's come with June's payment: the 30 stay, within the cap: 130.
plan pro 10.00 USD monthly in_advance grace 60
  feature chat burns AI
  credits AI 100 rollover capped 30

2027-04-01  subscribe pro  -> #1 SUBSCRIPTION 10.00 DUE
                           -> sub INCOMPLETE pro
2027-04-01  pay #1         -> #1 SUBSCRIPTION 10.00 PAID 2027-04-01..2027-05-01
                           -> sub ACTIVE pro 2027-04-01..2027-05-01
                           -> credits 100 AI
2027-04-05  use chat 100   -> counted 100, used 100, burnt 100
                           -> credits 0 AI
2027-06-05  tick           -> #2 SUBSCRIPTION 10.00 DUE 2027-05-01..2027-06-01
                           -> #3 SUBSCRIPTION 10.00 DUE 2027-06-01..2027-07-01
                           -> sub ACTIVE pro 2027-06-01..2027-07-01
2027-06-05  pay #2         -> #2 SUBSCRIPTION 10.00 PAID 2027-05-01..2027-06-01
                           -> credits 30 AI
2027-06-05  pay #3         -> #3 SUBSCRIPTION 10.00 PAID 2027-06-01..2027-07-01
                           -> credits 130 AI
2027-06-05  show credits   -> AI: granted 230, consumed 100, expired 0, clawed back 0
                           ->    2027-04-01 PLAN_INCLUDED 0 of 100 AI left
                           ->    2027-06-05 PLAN_INCLUDED 30 of 30 AI left
                           ->    2027-06-05 PLAN_INCLUDED 100 of 100 AI left

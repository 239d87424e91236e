# Past due from Feb 4 and paid only on Mar 20, when its period was over: it serves a new period from then,
# Mar 20 to Apr 20, for 49.00 in all. No second invoice, and its credits once. Then it renews as usual.
plan pro 49.00 USD monthly in_advance
  feature chat burns AI
  credits AI 100

2027-01-01  subscribe pro  -> #1 SUBSCRIPTION 49.00 DUE
                           -> sub INCOMPLETE pro
2027-01-01  pay #1         -> #1 SUBSCRIPTION 49.00 PAID 2027-01-01..2027-02-01
                           -> sub ACTIVE pro 2027-01-01..2027-02-01
                           -> credits 100 AI
2027-01-15  use chat 40    -> counted 40, used 40, burnt 40
                           -> credits 60 AI
2027-02-01  tick           -> #2 SUBSCRIPTION 49.00 DUE 2027-02-01..2027-03-01
                           -> sub ACTIVE pro 2027-02-01..2027-03-01
2027-02-04  tick           -> #2 SUBSCRIPTION 49.00 PAST_DUE 2027-02-01..2027-03-01
                           -> sub PAST_DUE pro 2027-02-01..2027-03-01
2027-03-01  tick           -> nothing
2027-03-10  use chat 5     -> not counted: in_gap
2027-03-20  pay #2         -> #2 SUBSCRIPTION 49.00 PAID 2027-02-01..2027-03-01
                           -> sub ACTIVE pro 2027-03-20..2027-04-20
                           -> credits 100 AI
2027-04-20  tick           -> #3 SUBSCRIPTION 49.00 DUE 2027-04-20..2027-05-20
                           -> sub ACTIVE pro 2027-04-20..2027-05-20
2027-04-20  pay #3         -> #3 SUBSCRIPTION 49.00 PAID 2027-04-20..2027-05-20

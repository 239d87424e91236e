# A bounced transfer: what it covered opens again, and time decides the state. The renewal of May 1, paid on May 2 and
# reversed on May 3, is DUE; on May 4 it is past due. Paid again it grants no credits: they stayed.
plan pro 49.00 USD monthly in_advance
  feature chat burns AI
  credits AI 100

2027-04-01  subscribe pro    -> #1 SUBSCRIPTION 49.00 DUE
                             -> sub INCOMPLETE pro
2027-04-01  pay #1           -> #1 SUBSCRIPTION 49.00 PAID 2027-04-01..2027-05-01
                             -> sub ACTIVE pro 2027-04-01..2027-05-01
                             -> credits 100 AI
2027-05-02  tick             -> #2 SUBSCRIPTION 49.00 DUE 2027-05-01..2027-06-01
                             -> sub ACTIVE pro 2027-05-01..2027-06-01
2027-05-02  pay #2 ref may   -> #2 SUBSCRIPTION 49.00 PAID 2027-05-01..2027-06-01
2027-05-02  use chat 30      -> counted 30, used 30, burnt 30
                             -> credits 70 AI
2027-05-03  reverse may      -> #2 SUBSCRIPTION 49.00 DUE 2027-05-01..2027-06-01
2027-05-03  reverse may      -> refused: already_reversed
2027-05-04  check chat       -> denied payment_past_due, used 30
                             -> #2 SUBSCRIPTION 49.00 PAST_DUE 2027-05-01..2027-06-01
                             -> sub PAST_DUE pro 2027-05-01..2027-06-01
2027-05-05  pay #2 ref may2  -> #2 SUBSCRIPTION 49.00 PAID 2027-05-01..2027-06-01
                             -> sub ACTIVE pro 2027-05-01..2027-06-01
2027-06-01  tick             -> #3 SUBSCRIPTION 49.00 DUE 2027-06-01..2027-07-01
                             -> sub ACTIVE pro 2027-06-01..2027-07-01

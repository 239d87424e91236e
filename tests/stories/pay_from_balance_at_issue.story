# What is on the balance is spent as an invoice is issued, and brings all that a payment brings. 109.00
# for #1 leave 60.00: the renewal of Feb 1 takes 49.00 and is PAID at issue, with its credits; the one of
# Mar 1 takes the remaining 11.00 and waits for 38.00.
plan pro 49.00 USD monthly in_advance
  feature chat burns AI
  credits AI 100

2027-01-01  subscribe pro  -> #1 SUBSCRIPTION 49.00 DUE
                           -> sub INCOMPLETE pro
2027-01-01  pay #1 109.00  -> #1 SUBSCRIPTION 49.00 PAID 2027-01-01..2027-02-01
                           -> sub ACTIVE pro 2027-01-01..2027-02-01
                           -> balance 60.00 USD
                           -> credits 100 AI
2027-01-10  use chat 40    -> counted 40, used 40, burnt 40
                           -> credits 60 AI
2027-02-01  tick           -> #2 SUBSCRIPTION 49.00 PAID 2027-02-01..2027-03-01
                           -> sub ACTIVE pro 2027-02-01..2027-03-01
                           -> balance 11.00 USD
                           -> credits 100 AI
2027-02-10  use chat 30    -> counted 30, used 30, burnt 30
                           -> credits 70 AI
2027-03-01  tick           -> #3 SUBSCRIPTION 49.00 DUE (11.00 paid) 2027-03-01..2027-04-01
                           -> sub ACTIVE pro 2027-03-01..2027-04-01
                           -> balance 0.00 USD
2027-03-02  pay #3         -> #3 SUBSCRIPTION 49.00 PAID 2027-03-01..2027-04-01
                           -> credits 100 AI

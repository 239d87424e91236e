# Cancelling what never started voids its invoice, in either mode, and the money on it reaches the balance.
# Cancelling a trial owes nothing.
plan pro 49.00 USD monthly in_advance
plan try 49.00 USD monthly in_advance trial 14
  feature calls per_unit 1.00
  feature chat burns AI
  credits AI 100

2027-04-01  subscribe pro  -> #1 SUBSCRIPTION 49.00 DUE
                           -> sub INCOMPLETE pro
2027-04-02  pay #1 9.00    -> #1 SUBSCRIPTION 49.00 DUE (9.00 paid)
2027-04-02  cancel end     -> #1 SUBSCRIPTION 49.00 VOID
                           -> sub CANCELLED pro
                           -> balance 9.00 USD
2027-04-03  subscribe try  -> #2 SUBSCRIPTION 0.00 PAID 2027-04-03..2027-04-17
                           -> sub2 TRIALING try 2027-04-03..2027-04-17
                           -> credits 100 AI
2027-04-04  use calls 5    -> counted 5, used 5, in_trial
2027-04-10  cancel now     -> sub2 CANCELLED try 2027-04-03..2027-04-10
                           -> credits 0 AI
2027-04-10  check chat     -> denied subscription_cancelled

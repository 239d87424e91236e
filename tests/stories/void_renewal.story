# A renewal that the seller voids is forgiven: access as if it were paid, but no plan credits; the money on it reaches the
# balance. Nothing of its fee is unused when it is cancelled.
plan pro 49.00 USD monthly in_advance
  feature chat burns AI
  feature calls
  credits AI 100 rollover full

2027-04-01  subscribe pro  -> #1 SUBSCRIPTION 49.00 DUE
                           -> sub INCOMPLETE pro
2027-04-01  pay #1         -> #1 SUBSCRIPTION 49.00 PAID 2027-04-01..2027-05-01
                           -> sub ACTIVE pro 2027-04-01..2027-05-01
                           -> credits 100 AI
2027-05-04  tick           -> #2 SUBSCRIPTION 49.00 PAST_DUE 2027-05-01..2027-06-01
                           -> sub PAST_DUE pro 2027-05-01..2027-06-01
2027-05-04  pay #2 9.00    -> #2 SUBSCRIPTION 49.00 PAST_DUE (9.00 paid) 2027-05-01..2027-06-01
2027-05-05  void #2        -> #2 SUBSCRIPTION 49.00 VOID 2027-05-01..2027-06-01
                           -> sub ACTIVE pro 2027-05-01..2027-06-01
                           -> balance 9.00 USD
2027-05-05  void #2        -> nothing
2027-05-05  check calls    -> allowed, used 0
2027-05-10  cancel now     -> sub CANCELLED pro 2027-05-01..2027-05-10
                           -> credits 0 AI

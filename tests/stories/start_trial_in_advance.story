# A trial of 14 × 24 hours gives access, limits and credits at once; nothing in it is charged and its
# invoice is zero. Its end is the anchor and an ordinary renewal: 49.00, DUE, with grace. Usage of the
# trial is not billed; a customer has one trial of a plan.
plan pro 49.00 USD monthly in_advance trial 14 grace 2
  feature calls per_unit 0.02 limit 10 block
  feature chat burns AI
  credits AI 100

2027-01-10T12:00            subscribe pro  -> #1 SUBSCRIPTION 0.00 PAID 2027-01-10T12:00..2027-01-24T12:00
                                           -> sub TRIALING pro 2027-01-10T12:00..2027-01-24T12:00
                                           -> credits 100 AI
2027-01-11                  use calls 8    -> counted 8, used 8/10, in_trial
2027-01-11                  use calls 5    -> counted 2, used 10/10, limit exceeded, in_trial
2027-01-11                  check calls    -> denied usage_limit_reached, used 10/10
2027-01-12                  use chat 30    -> counted 30, used 30, burnt 30, in_trial
                                           -> credits 70 AI
2027-01-24T11:59:59.999999  tick           -> nothing
2027-01-24T12:00            tick           -> #2 SUBSCRIPTION 49.00 DUE 2027-01-24T12:00..2027-02-24T12:00
                                           -> sub ACTIVE pro 2027-01-24T12:00..2027-02-24T12:00
2027-01-24T12:00            show #2        -> #2 SUBSCRIPTION 49.00 DUE 2027-01-24T12:00..2027-02-24T12:00
                                           ->    BASE pro = 49.00
2027-01-24T12:00            check calls    -> allowed, used 0/10
2027-01-26T12:00            check calls    -> denied payment_past_due, used 0/10
                                           -> #2 SUBSCRIPTION 49.00 PAST_DUE 2027-01-24T12:00..2027-02-24T12:00
                                           -> sub PAST_DUE pro 2027-01-24T12:00..2027-02-24T12:00
2027-01-27                  pay #2         -> #2 SUBSCRIPTION 49.00 PAID 2027-01-24T12:00..2027-02-24T12:00
                                           -> sub ACTIVE pro 2027-01-24T12:00..2027-02-24T12:00
                                           -> credits 100 AI
2027-02-24T12:00            tick           -> #3 SUBSCRIPTION 49.00 DUE 2027-02-24T12:00..2027-03-24T12:00
                                           -> sub ACTIVE pro 2027-02-24T12:00..2027-03-24T12:00
2027-02-24T12:00            show #3        -> #3 SUBSCRIPTION 49.00 DUE 2027-02-24T12:00..2027-03-24T12:00
                                           ->    BASE pro = 49.00
2027-02-25                  cancel now     -> #3 SUBSCRIPTION 49.00 VOID 2027-02-24T12:00..2027-03-24T12:00
                                           -> sub CANCELLED pro 2027-02-24T12:00..2027-02-25
                                           -> credits 0 AI
2027-02-26                  subscribe pro  -> #4 SUBSCRIPTION 49.00 DUE
                                           -> sub2 INCOMPLETE pro

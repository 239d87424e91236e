# Cancelled at the end of the period there is access until that instant and none from it on, worker or no
# worker. Taken back, the subscription goes on; taken back too late, it does not. At the end what was used is
# charged, 50 × 0.02 = 1.00, and the plan's credits are clawed back; the promotional ones stay.
plan pro 49.00 USD monthly in_advance
  feature calls per_unit 0.02
  feature chat burns AI
  credits AI 100

2027-04-01                  subscribe pro              -> #1 SUBSCRIPTION 49.00 DUE
                                                       -> sub INCOMPLETE pro
2027-04-01                  pay #1                     -> #1 SUBSCRIPTION 49.00 PAID 2027-04-01..2027-05-01
                                                       -> sub ACTIVE pro 2027-04-01..2027-05-01
                                                       -> credits 100 AI
2027-04-02                  undo cancel                -> refused: cancellation_not_scheduled
2027-04-10                  cancel end                 -> sub ACTIVE pro 2027-04-01..2027-05-01 ends 2027-05-01
2027-04-10                  cancel end                 -> nothing
2027-04-11                  undo cancel                -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-04-12                  cancel end                 -> sub ACTIVE pro 2027-04-01..2027-05-01 ends 2027-05-01
2027-04-13                  grant AI 30                -> credits 130 AI
2027-04-20                  use calls 50               -> counted 50, used 50
2027-04-20                  use chat 40                -> counted 40, used 40, burnt 40
                                                       -> credits 90 AI
2027-04-30T23:59:59.999999  check calls                -> allowed, used 50
2027-05-01                  check calls                -> denied subscription_cancelled
                                                       -> #2 FINAL 1.00 DUE 2027-04-01..2027-05-01
                                                       -> sub CANCELLED pro 2027-04-01..2027-05-01
                                                       -> credits 30 AI
2027-05-01                  show credits               -> AI: granted 130, consumed 40, expired 0, clawed back 60
                                                       ->    2027-04-01 PLAN_INCLUDED 0 of 100 AI left
                                                       ->    2027-04-13 PROMOTIONAL 30 of 30 AI left
2027-05-01                  undo cancel                -> refused: subscription_ended
2027-05-01                  use calls 1                -> not counted: after_end
2027-05-01                  use calls 5 at 2027-04-30  -> counted 5, used 55, late
2027-05-02                  cancel now                 -> nothing

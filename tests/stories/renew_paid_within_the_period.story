# The renewal of Feb 1 is unpaid and past due on Feb 4: no access, to the microsecond. Paid on Feb 20 it
# gives access to the end of its period, Mar 1: no boundary moves. Its credits come with the payment.
plan pro 49.00 USD monthly in_advance
  feature calls
  feature chat burns AI
  credits AI 100

2027-01-01                  subscribe pro  -> #1 SUBSCRIPTION 49.00 DUE
                                           -> sub INCOMPLETE pro
2027-01-01                  pay #1         -> #1 SUBSCRIPTION 49.00 PAID 2027-01-01..2027-02-01
                                           -> sub ACTIVE pro 2027-01-01..2027-02-01
                                           -> credits 100 AI
2027-01-31                  use chat 60    -> counted 60, used 60, burnt 60
                                           -> credits 40 AI
2027-02-01                  tick           -> #2 SUBSCRIPTION 49.00 DUE 2027-02-01..2027-03-01
                                           -> sub ACTIVE pro 2027-02-01..2027-03-01
2027-02-03T23:59:59.999999  check calls    -> allowed, used 0
2027-02-03T23:59:59.999999  use chat 10    -> counted 10, used 10, burnt 10
                                           -> credits 30 AI
2027-02-04                  check calls    -> denied payment_past_due, used 0
                                           -> #2 SUBSCRIPTION 49.00 PAST_DUE 2027-02-01..2027-03-01
                                           -> sub PAST_DUE pro 2027-02-01..2027-03-01
2027-02-20                  pay #2         -> #2 SUBSCRIPTION 49.00 PAID 2027-02-01..2027-03-01
                                           -> sub ACTIVE pro 2027-02-01..2027-03-01
                                           -> credits 100 AI
2027-02-20                  check calls    -> allowed, used 0
2027-03-01                  tick           -> #3 SUBSCRIPTION 49.00 DUE 2027-03-01..2027-04-01
                                           -> sub ACTIVE pro 2027-03-01..2027-04-01

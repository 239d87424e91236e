# An upgrade gives its plan at once. Its adjustment, 10.00 and 33.33 as ever, is due with the subscription's
# grace, and past due on Apr 24 it ends access. Paid on the 28th it moves no period and grants nothing anew.
plan a 30.00 USD monthly in_advance
  feature chat burns AI
  credits AI 100
plan b 100.00 USD monthly in_advance
  feature chat burns AI
  credits AI 500

2027-04-01  subscribe a  -> #1 SUBSCRIPTION 30.00 DUE
                         -> sub INCOMPLETE a
2027-04-01  pay #1       -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                         -> sub ACTIVE a 2027-04-01..2027-05-01
                         -> credits 100 AI
2027-04-21  upgrade b    -> #2 ADJUSTMENT 23.33 DUE 2027-04-21..2027-05-01
                         -> sub ACTIVE b 2027-04-01..2027-05-01
                         -> credits 500 AI
2027-04-24  check chat   -> denied payment_past_due, used 0
                         -> #2 ADJUSTMENT 23.33 PAST_DUE 2027-04-21..2027-05-01
                         -> sub PAST_DUE b 2027-04-01..2027-05-01
2027-04-28  pay #2       -> #2 ADJUSTMENT 23.33 PAID 2027-04-21..2027-05-01
                         -> sub ACTIVE b 2027-04-01..2027-05-01
2027-04-28  check chat   -> allowed, used 0
2027-05-01  tick         -> #3 SUBSCRIPTION 100.00 DUE 2027-05-01..2027-06-01
                         -> sub ACTIVE b 2027-05-01..2027-06-01

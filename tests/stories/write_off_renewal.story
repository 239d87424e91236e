# A renewal of 40.00 that nobody paid is PAST_DUE three days after its boundary, and access ends. Given up, it is
# UNCOLLECTIBLE and blocks as before; what is not overdue cannot be given up. Paid after all, it opens a period
# there: it was paid after its period was over.
plan pro 40.00 USD monthly in_advance grace 3
  feature calls per_unit 0.01

2027-03-01  subscribe pro  -> #1 SUBSCRIPTION 40.00 DUE
                           -> sub INCOMPLETE pro
2027-03-01  pay #1         -> #1 SUBSCRIPTION 40.00 PAID 2027-03-01..2027-04-01
                           -> sub ACTIVE pro 2027-03-01..2027-04-01
2027-04-01  tick           -> #2 SUBSCRIPTION 40.00 DUE 2027-04-01..2027-05-01
                           -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-04-02  write_off #2   -> refused: invoice_not_overdue
2027-04-04  tick           -> #2 SUBSCRIPTION 40.00 PAST_DUE 2027-04-01..2027-05-01
                           -> sub PAST_DUE pro 2027-04-01..2027-05-01
2027-04-05  write_off #2   -> #2 SUBSCRIPTION 40.00 UNCOLLECTIBLE 2027-04-01..2027-05-01
2027-04-05  write_off #2   -> nothing
2027-04-06  check calls    -> denied payment_past_due, used 0
2027-05-10  pay #2         -> #2 SUBSCRIPTION 40.00 PAID 2027-04-01..2027-05-01
                           -> sub ACTIVE pro 2027-05-10..2027-06-10
2027-05-10  check calls    -> allowed, used 0

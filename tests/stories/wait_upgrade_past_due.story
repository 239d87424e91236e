# An upgrade that waits is called off when the subscription falls past due: no period opens then.
account upgrades wait
plan a 30.00 USD monthly in_advance grace 3
  feature calls limit 10 block
plan y 300.00 USD yearly in_advance net 20
  feature calls limit 10 block

2027-04-01  subscribe a  -> #1 SUBSCRIPTION 30.00 DUE
                         -> sub INCOMPLETE a
2027-04-01  pay #1       -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                         -> sub ACTIVE a 2027-04-01..2027-05-01
2027-05-01  tick         -> #2 SUBSCRIPTION 30.00 DUE 2027-05-01..2027-06-01
                         -> sub ACTIVE a 2027-05-01..2027-06-01
2027-05-03  upgrade y    -> #3 ADJUSTMENT 271.94 DUE due 2027-05-23
                         -> sub ACTIVE a 2027-05-01..2027-06-01 then y
2027-05-06  tick         -> #2 SUBSCRIPTION 30.00 PAST_DUE 2027-05-01..2027-06-01
                         -> #3 ADJUSTMENT 271.94 VOID due 2027-05-23
                         -> sub PAST_DUE a 2027-05-01..2027-06-01
2027-05-07  pay #3       -> refused: invoice_void
2027-05-07  check calls  -> denied payment_past_due, used 0/10
2027-05-20  pay #2       -> #2 SUBSCRIPTION 30.00 PAID 2027-05-01..2027-06-01
                         -> sub ACTIVE a 2027-05-01..2027-06-01
2027-05-20  check calls  -> allowed, used 0/10

# An upgrade that lapsed had no usage: the plan without a price on usage waits for nothing.
account collection 60 upgrades wait
plan a 30.00 USD monthly in_advance grace 3
plan b 100.00 USD monthly in_advance
  feature calls per_unit 0.10 minimum 5.00

2027-04-01        subscribe a  -> #1 SUBSCRIPTION 30.00 DUE
                               -> sub INCOMPLETE a
2027-04-01        pay #1       -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                               -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-11        upgrade b    -> #2 ADJUSTMENT 46.67 DUE 2027-04-11..2027-05-01
                               -> sub ACTIVE a 2027-04-01..2027-05-01 then b
2027-04-20        tick         -> #2 ADJUSTMENT 46.67 VOID 2027-04-11..2027-05-01
                               -> sub ACTIVE a 2027-04-01..2027-05-01
2027-05-01        tick         -> #3 SUBSCRIPTION 30.00 DUE 2027-05-01..2027-06-01
                               -> sub ACTIVE a 2027-05-01..2027-06-01
2027-05-01T01:00  tick         -> nothing
2027-05-01T01:00  show #3      -> #3 SUBSCRIPTION 30.00 DUE 2027-05-01..2027-06-01
                               ->    BASE a = 30.00

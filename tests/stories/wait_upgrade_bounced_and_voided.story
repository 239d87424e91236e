# What an upgrade charged for the wait was credited. Its payment bounces: the invoice cannot be voided any more, since
# the credit would be for nothing.
account upgrades wait
plan a 30.00 USD monthly in_advance grace 20
plan b 100.00 USD monthly in_advance grace 20

2027-04-01  subscribe a       -> #1 SUBSCRIPTION 30.00 DUE
                              -> sub INCOMPLETE a
2027-04-01  pay #1            -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                              -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-11  upgrade b         -> #2 ADJUSTMENT 46.67 DUE 2027-04-11..2027-05-01
                              -> sub ACTIVE a 2027-04-01..2027-05-01 then b
2027-04-26  pay #2 ref slip   -> #2 ADJUSTMENT 46.67 PAID 2027-04-11..2027-05-01
                              -> sub ACTIVE b 2027-04-01..2027-05-01
                              -> balance 35.00 USD
2027-04-26  payout 35.00 USD  -> balance 0.00 USD
2027-04-27  reverse slip      -> #2 ADJUSTMENT 46.67 DUE 2027-04-11..2027-05-01
2027-04-27  void #2           -> refused: invoice_not_voidable

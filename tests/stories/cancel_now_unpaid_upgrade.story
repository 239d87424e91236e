# An upgrade that is not paid and cancelled at once: its adjustment is void, A's segment stands: 10 of 30 days
# of 30.00 are unused: 10.00.
plan a 30.00 USD monthly in_advance
plan b 100.00 USD monthly in_advance

2027-04-01  subscribe a  -> #1 SUBSCRIPTION 30.00 DUE
                         -> sub INCOMPLETE a
2027-04-01  pay #1       -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                         -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-21  upgrade b    -> #2 ADJUSTMENT 23.33 DUE 2027-04-21..2027-05-01
                         -> sub ACTIVE b 2027-04-01..2027-05-01
2027-04-21  cancel now   -> credit note 10.00
                         -> #2 ADJUSTMENT 23.33 VOID 2027-04-21..2027-05-01
                         -> sub CANCELLED b 2027-04-01..2027-04-21
                         -> balance 10.00 USD

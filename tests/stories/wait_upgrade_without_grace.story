# Without grace there would be no time to pay: an upgrade that waits has a day. It takes nothing away meanwhile.
account upgrades wait grace 0
plan a 30.00 USD monthly in_advance
plan b 100.00 USD monthly in_advance
customer ada

2027-01-01  subscribe a  -> #1 SUBSCRIPTION 30.00 PAST_DUE
                         -> sub INCOMPLETE a
2027-01-01  pay #1       -> #1 SUBSCRIPTION 30.00 PAID 2027-01-01..2027-02-01
                         -> sub ACTIVE a 2027-01-01..2027-02-01
2027-01-11  upgrade b    -> #2 ADJUSTMENT 47.42 DUE 2027-01-11..2027-02-01
                         -> sub ACTIVE a 2027-01-01..2027-02-01 then b
2027-01-11  check calls  -> denied feature_not_found
2027-01-11  pay #2       -> #2 ADJUSTMENT 47.42 PAID 2027-01-11..2027-02-01
                         -> sub ACTIVE b 2027-01-01..2027-02-01

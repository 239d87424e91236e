# Unpaid at the end of its grace the upgrade is given up: the invoice is void, nothing was overdue, and a goes on. Unpaid
# at the period's end likewise; money on it goes to the balance, which pays for May.
account upgrades wait
plan a 30.00 USD monthly in_advance grace 3
plan b 100.00 USD monthly in_advance

2027-04-01                  subscribe a  -> #1 SUBSCRIPTION 30.00 DUE
                                         -> sub INCOMPLETE a
2027-04-01                  pay #1       -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                                         -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-11                  upgrade b    -> #2 ADJUSTMENT 46.67 DUE 2027-04-11..2027-05-01
                                         -> sub ACTIVE a 2027-04-01..2027-05-01 then b
2027-04-13T23:59:59.999999  tick         -> nothing
2027-04-14                  tick         -> #2 ADJUSTMENT 46.67 VOID 2027-04-11..2027-05-01
                                         -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-14                  pay #2       -> refused: invoice_void
2027-04-29                  upgrade b    -> #3 ADJUSTMENT 4.67 DUE 2027-04-29..2027-05-01
                                         -> sub ACTIVE a 2027-04-01..2027-05-01 then b
2027-04-30                  pay #3 2.00  -> #3 ADJUSTMENT 4.67 DUE (2.00 paid) 2027-04-29..2027-05-01
2027-05-01                  tick         -> #3 ADJUSTMENT 4.67 VOID 2027-04-29..2027-05-01
                                         -> #4 SUBSCRIPTION 30.00 DUE (2.00 paid) 2027-05-01..2027-06-01
                                         -> sub ACTIVE a 2027-05-01..2027-06-01

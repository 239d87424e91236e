# A wish for another plan takes the place of the one that waits, and calling it off, a void or the end do away with it.
# 15 of 30 days left: b 50.00 - 15.00 = 35.00, c 100.00 - 15.00 = 85.00.
account upgrades wait
plan a 30.00 USD monthly in_advance grace 20
plan b 100.00 USD monthly in_advance grace 20
plan c 200.00 USD monthly in_advance grace 20
plan low 10.00 USD monthly in_advance

2027-04-01  subscribe a    -> #1 SUBSCRIPTION 30.00 DUE
                           -> sub INCOMPLETE a
2027-04-01  pay #1         -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                           -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-16  upgrade b      -> #2 ADJUSTMENT 35.00 DUE 2027-04-16..2027-05-01
                           -> sub ACTIVE a 2027-04-01..2027-05-01 then b
2027-04-16  upgrade c      -> #2 ADJUSTMENT 35.00 VOID 2027-04-16..2027-05-01
                           -> #3 ADJUSTMENT 85.00 DUE 2027-04-16..2027-05-01
                           -> sub ACTIVE a 2027-04-01..2027-05-01 then c
2027-04-16  undo change    -> #3 ADJUSTMENT 85.00 VOID 2027-04-16..2027-05-01
                           -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-16  upgrade b      -> #4 ADJUSTMENT 35.00 DUE 2027-04-16..2027-05-01
                           -> sub ACTIVE a 2027-04-01..2027-05-01 then b
2027-04-16  downgrade low  -> #4 ADJUSTMENT 35.00 VOID 2027-04-16..2027-05-01
                           -> sub ACTIVE a 2027-04-01..2027-05-01 then low
2027-04-16  upgrade c      -> #5 ADJUSTMENT 85.00 DUE 2027-04-16..2027-05-01
                           -> sub ACTIVE a 2027-04-01..2027-05-01 then c
2027-04-16  void #5        -> #5 ADJUSTMENT 85.00 VOID 2027-04-16..2027-05-01
                           -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-16  upgrade b      -> #6 ADJUSTMENT 35.00 DUE 2027-04-16..2027-05-01
                           -> sub ACTIVE a 2027-04-01..2027-05-01 then b
2027-04-16  pay #6 5.00    -> #6 ADJUSTMENT 35.00 DUE (5.00 paid) 2027-04-16..2027-05-01
2027-04-16  cancel now     -> credit note 15.00
                           -> #6 ADJUSTMENT 35.00 VOID 2027-04-16..2027-05-01
                           -> sub CANCELLED a 2027-04-01..2027-04-16
                           -> balance 20.00 USD

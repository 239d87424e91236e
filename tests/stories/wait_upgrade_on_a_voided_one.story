# The first upgrade's payment bounced. Another waits, reckoned with the 96.67 of b that are unused; voiding b's
# adjustment calls it off.
account upgrades wait
plan a 10.00 USD monthly in_advance grace 30
plan b 100.00 USD monthly in_advance grace 30
plan c 200.00 USD monthly in_advance grace 30

2027-04-01  subscribe a      -> #1 SUBSCRIPTION 10.00 DUE
                             -> sub INCOMPLETE a
2027-04-01  pay #1           -> #1 SUBSCRIPTION 10.00 PAID 2027-04-01..2027-05-01
                             -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-01  upgrade b        -> #2 ADJUSTMENT 90.00 DUE 2027-04-01..2027-05-01
                             -> sub ACTIVE a 2027-04-01..2027-05-01 then b
2027-04-01  pay #2 ref slip  -> #2 ADJUSTMENT 90.00 PAID 2027-04-01..2027-05-01
                             -> sub ACTIVE b 2027-04-01..2027-05-01
2027-04-02  reverse slip     -> #2 ADJUSTMENT 90.00 DUE 2027-04-01..2027-05-01
2027-04-02  upgrade c        -> #3 ADJUSTMENT 96.66 DUE 2027-04-02..2027-05-01
                             -> sub ACTIVE b 2027-04-01..2027-05-01 then c
2027-04-02  void #2          -> #2 ADJUSTMENT 90.00 VOID 2027-04-01..2027-05-01
                             -> #3 ADJUSTMENT 96.66 VOID 2027-04-02..2027-05-01
                             -> sub ACTIVE a 2027-04-01..2027-05-01
2027-04-02  pay #3           -> refused: invoice_void
2027-04-02  show #3          -> #3 ADJUSTMENT 96.66 VOID 2027-04-02..2027-05-01
                             ->    UNUSED_TIME Unused time on b = -96.67
                             ->    REMAINING_TIME Remaining time on c = 193.33

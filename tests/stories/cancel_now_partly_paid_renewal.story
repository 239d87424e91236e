# 40.00 of the renewal's 49.00 are paid when it is cancelled half-way, 15 of April's 30 days: the renewal is
# void, its 40.00 reach the balance, FINAL is the elapsed share, 24.50, paid from there: 15.50 are left.
plan pro 49.00 USD monthly in_advance grace 30

2027-03-01  subscribe pro  -> #1 SUBSCRIPTION 49.00 DUE
                           -> sub INCOMPLETE pro
2027-03-01  pay #1         -> #1 SUBSCRIPTION 49.00 PAID 2027-03-01..2027-04-01
                           -> sub ACTIVE pro 2027-03-01..2027-04-01
2027-04-01  tick           -> #2 SUBSCRIPTION 49.00 DUE 2027-04-01..2027-05-01
                           -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-04-02  pay #2 40.00   -> #2 SUBSCRIPTION 49.00 DUE (40.00 paid) 2027-04-01..2027-05-01
2027-04-03  tick           -> nothing
2027-04-16  cancel now     -> #2 SUBSCRIPTION 49.00 VOID 2027-04-01..2027-05-01 replaced by #3
                           -> #3 FINAL 24.50 PAID 2027-04-01..2027-04-16
                           -> sub CANCELLED pro 2027-04-01..2027-04-16
                           -> balance 15.50 USD
2027-04-16  show #3        -> #3 FINAL 24.50 PAID 2027-04-01..2027-04-16
                           ->    ELAPSED_TIME Elapsed time on pro = 24.50

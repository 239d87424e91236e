# A pending plan change stays beside a scheduled cancellation, and lives on if that is undone; if not, it is
# dropped: the cancellation wins. Upgraded after 1 of May's 31 days: unused 10.00 − round(0.323) = 9.68, 49.00 ×
# 30/31 = 47.419 to 47.42; 37.74.
plan pro 49.00 USD monthly in_advance
plan basic 10.00 USD monthly in_advance

2027-04-01  subscribe pro    -> #1 SUBSCRIPTION 49.00 DUE
                             -> sub INCOMPLETE pro
2027-04-01  pay #1           -> #1 SUBSCRIPTION 49.00 PAID 2027-04-01..2027-05-01
                             -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-04-10  downgrade basic  -> sub ACTIVE pro 2027-04-01..2027-05-01 then basic
2027-04-11  cancel end       -> sub ACTIVE pro 2027-04-01..2027-05-01 ends 2027-05-01 then basic
2027-04-12  undo cancel      -> sub ACTIVE pro 2027-04-01..2027-05-01 then basic
2027-05-01  tick             -> #2 SUBSCRIPTION 10.00 DUE 2027-05-01..2027-06-01
                             -> sub ACTIVE basic 2027-05-01..2027-06-01
2027-05-01  pay #2           -> #2 SUBSCRIPTION 10.00 PAID 2027-05-01..2027-06-01
2027-05-02  upgrade pro      -> #3 ADJUSTMENT 37.74 DUE 2027-05-02..2027-06-01
                             -> sub ACTIVE pro 2027-05-01..2027-06-01
2027-05-02  pay #3           -> #3 ADJUSTMENT 37.74 PAID 2027-05-02..2027-06-01
2027-05-02  downgrade basic  -> sub ACTIVE pro 2027-05-01..2027-06-01 then basic
2027-05-02  cancel end       -> sub ACTIVE pro 2027-05-01..2027-06-01 ends 2027-06-01 then basic
2027-06-01  tick             -> sub CANCELLED pro 2027-05-01..2027-06-01

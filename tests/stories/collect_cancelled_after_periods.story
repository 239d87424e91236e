# Usage is collected for three days. Cancelled on the fourth, the bases of the two days that are over were not asked
# for yet: FINAL has them, and not the running day's.
account collection 4320 grace 10
plan daily 1.00 USD daily in_advance
  feature calls per_unit 0.10

2027-01-01        subscribe daily  -> #1 SUBSCRIPTION 1.00 DUE
                                   -> sub INCOMPLETE daily
2027-01-01        pay #1           -> #1 SUBSCRIPTION 1.00 PAID 2027-01-01..2027-01-02
                                   -> sub ACTIVE daily 2027-01-01..2027-01-02
2027-01-04T23:00  cancel now       -> #2 SUBSCRIPTION 0.00 VOID 2027-01-02..2027-01-03 replaced by #5
                                   -> #3 SUBSCRIPTION 0.00 VOID 2027-01-03..2027-01-04 replaced by #5
                                   -> #4 SUBSCRIPTION 0.00 VOID 2027-01-04..2027-01-05
                                   -> #5 FINAL 2.00 DUE 2027-01-02..2027-01-04T23:00
                                   -> sub CANCELLED daily 2027-01-04..2027-01-04T23:00
2027-03-01        tick             -> #5 FINAL 2.00 PAST_DUE 2027-01-02..2027-01-04T23:00

# The same with the renewal issued and unpaid.
account grace 30
plan a 30.00 USD monthly in_advance
  feature calls per_unit 0.10
plan b 100.00 USD monthly in_advance

2027-01-01        subscribe a  -> #1 SUBSCRIPTION 30.00 DUE
                               -> sub INCOMPLETE a
2027-01-01        pay #1       -> #1 SUBSCRIPTION 30.00 PAID 2027-01-01..2027-02-01
                               -> sub ACTIVE a 2027-01-01..2027-02-01
2027-02-01T00:30  upgrade b    -> #2 SUBSCRIPTION 30.00 DUE 2027-02-01..2027-03-01
                               -> #3 ADJUSTMENT 69.95 DUE 2027-02-01T00:30..2027-03-01
                               -> sub ACTIVE b 2027-02-01..2027-03-01
2027-02-01T00:30  pay #3       -> #3 ADJUSTMENT 69.95 PAID 2027-02-01T00:30..2027-03-01
2027-02-01T00:30  cancel now   -> credit note 99.93
                               -> #2 SUBSCRIPTION 30.00 VOID 2027-02-01..2027-03-01 replaced by #4
                               -> #4 FINAL 29.98 PAID 2027-02-01T00:30..2027-02-01T00:30
                               -> sub CANCELLED b 2027-02-01..2027-02-01T00:30
                               -> balance 69.95 USD

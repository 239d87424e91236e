# The same while February's invoice waits for January's usage: it was not asked for, and what was given back of it is
# taken back.
account collection 60
plan a 30.00 USD monthly in_advance
  feature calls per_unit 0.10
plan p 0.00 USD monthly in_arrears

2027-01-01        subscribe a  -> #1 SUBSCRIPTION 30.00 DUE
                               -> sub INCOMPLETE a
2027-01-01        pay #1       -> #1 SUBSCRIPTION 30.00 PAID 2027-01-01..2027-02-01
                               -> sub ACTIVE a 2027-01-01..2027-02-01
2027-02-01T00:30  upgrade p    -> credit note 29.98
                               -> #2 SUBSCRIPTION PENDING 2027-02-01..2027-03-01
                               -> #3 SUBSCRIPTION PENDING 2027-02-01T00:30..2027-03-01T00:30
                               -> sub ACTIVE p 2027-02-01T00:30..2027-03-01T00:30
                               -> balance 29.98 USD
2027-02-01T00:30  cancel now   -> #2 SUBSCRIPTION 0.00 VOID 2027-02-01..2027-03-01 replaced by #4
                               -> #3 SUBSCRIPTION 0.00 VOID 2027-02-01T00:30..2027-03-01T00:30
                               -> #4 FINAL 29.98 PAID 2027-02-01T00:30..2027-02-01T00:30
                               -> sub CANCELLED p 2027-02-01T00:30..2027-02-01T00:30
                               -> balance 0.00 USD
2027-03-20        tick         -> nothing

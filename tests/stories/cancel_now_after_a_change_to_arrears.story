# 29.98 of February's 30.00 are unused and credited, and close what is open of them. Void, the 30.00 are not charged:
# FINAL takes back what was given of them, and has the half hour that they covered, 0.02.
account grace 30
plan a 30.00 USD monthly in_advance
  feature calls per_unit 0.10
plan p 0.00 USD monthly in_arrears

2027-01-01        subscribe a  -> #1 SUBSCRIPTION 30.00 DUE
                               -> sub INCOMPLETE a
2027-01-01        pay #1       -> #1 SUBSCRIPTION 30.00 PAID 2027-01-01..2027-02-01
                               -> sub ACTIVE a 2027-01-01..2027-02-01
2027-02-01T00:30  upgrade p    -> credit note 29.98, 29.98 of it on open invoices
                               -> #2 SUBSCRIPTION 30.00 DUE (29.98 paid) 2027-02-01..2027-03-01
                               -> #3 SUBSCRIPTION PENDING 2027-02-01T00:30..2027-03-01T00:30
                               -> sub ACTIVE p 2027-02-01T00:30..2027-03-01T00:30
2027-02-01T00:30  cancel now   -> #2 SUBSCRIPTION 30.00 VOID 2027-02-01..2027-03-01 replaced by #4
                               -> #3 SUBSCRIPTION 0.00 VOID 2027-02-01T00:30..2027-03-01T00:30
                               -> #4 FINAL 30.00 DUE (29.98 paid) 2027-02-01..2027-02-01T00:30
                               -> sub CANCELLED p 2027-02-01T00:30..2027-02-01T00:30
2027-03-20        tick         -> #4 FINAL 30.00 PAST_DUE (29.98 paid) 2027-02-01..2027-02-01T00:30

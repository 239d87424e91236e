# A subscription recovers when no overdue invoice is left. The renewal of May 1 and an upgrade's adjustment of May 2 are both
# past due; the period ends on Jun 1. It had a plan change, so the renewal is not carried over: when both are paid a new
# period begins with 100.00 of its own. May has 31 days, one is gone: 96.77 − (30.00 − 0.97) = 67.74.
plan a 30.00 USD monthly in_advance
plan b 100.00 USD monthly in_advance

2027-04-01  subscribe a  -> #1 SUBSCRIPTION 30.00 DUE
                         -> sub INCOMPLETE a
2027-04-01  pay #1       -> #1 SUBSCRIPTION 30.00 PAID 2027-04-01..2027-05-01
                         -> sub ACTIVE a 2027-04-01..2027-05-01
2027-05-02  upgrade b    -> #2 SUBSCRIPTION 30.00 DUE 2027-05-01..2027-06-01
                         -> #3 ADJUSTMENT 67.74 DUE 2027-05-02..2027-06-01
                         -> sub ACTIVE b 2027-05-01..2027-06-01
2027-05-06  tick         -> #2 SUBSCRIPTION 30.00 PAST_DUE 2027-05-01..2027-06-01
                         -> #3 ADJUSTMENT 67.74 PAST_DUE 2027-05-02..2027-06-01
                         -> sub PAST_DUE b 2027-05-01..2027-06-01
2027-06-01  tick         -> nothing
2027-06-10  pay #2       -> #2 SUBSCRIPTION 30.00 PAID 2027-05-01..2027-06-01
2027-06-11  pay #3       -> #3 ADJUSTMENT 67.74 PAID 2027-05-02..2027-06-01
                         -> #4 SUBSCRIPTION 100.00 DUE 2027-06-11..2027-07-11
                         -> sub ACTIVE b 2027-06-11..2027-07-11

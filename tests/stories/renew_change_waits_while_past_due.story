# A scheduled plan change waits while the subscription is past due: the boundary of Mar 1 opens no period.
# Paid on Mar 10, the renewal of Feb 1 serves Mar 10 to Apr 10 on the old plan; then the change happens.
plan basic 10.00 USD monthly in_advance
plan pro 49.00 USD monthly in_advance

2027-01-01  subscribe pro    -> #1 SUBSCRIPTION 49.00 DUE
                             -> sub INCOMPLETE pro
2027-01-01  pay #1           -> #1 SUBSCRIPTION 49.00 PAID 2027-01-01..2027-02-01
                             -> sub ACTIVE pro 2027-01-01..2027-02-01
2027-01-15  downgrade basic  -> sub ACTIVE pro 2027-01-01..2027-02-01 then basic
2027-01-20  undo change      -> sub ACTIVE pro 2027-01-01..2027-02-01
2027-02-01  downgrade basic  -> #2 SUBSCRIPTION 49.00 DUE 2027-02-01..2027-03-01
                             -> sub ACTIVE pro 2027-02-01..2027-03-01 then basic
2027-03-01  tick             -> #2 SUBSCRIPTION 49.00 PAST_DUE 2027-02-01..2027-03-01
                             -> sub PAST_DUE pro 2027-02-01..2027-03-01 then basic
2027-03-02  upgrade basic    -> refused: subscription_not_active
2027-03-10  pay #2           -> #2 SUBSCRIPTION 49.00 PAID 2027-02-01..2027-03-01
                             -> sub ACTIVE pro 2027-03-10..2027-04-10 then basic
2027-04-10  tick             -> #3 SUBSCRIPTION 10.00 DUE 2027-04-10..2027-05-10
                             -> sub ACTIVE basic 2027-04-10..2027-05-10

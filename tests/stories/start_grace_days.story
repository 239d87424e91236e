# Grace is the subscription's own; else the plan's; else the account's, three days. Changed, it holds for
# invoices issued from then on. Without grace an unpaid invoice is past due when it is issued.
plan own 10.00 USD monthly in_advance
plan planned 10.00 USD monthly in_advance grace 5
plan default 10.00 USD monthly in_advance

2027-01-01                  subscribe own grace 0  -> #1 SUBSCRIPTION 10.00 PAST_DUE
                                                   -> sub INCOMPLETE own
2027-01-02                  subscribe planned      -> #2 SUBSCRIPTION 10.00 DUE
                                                   -> sub2 INCOMPLETE planned
2027-01-02                  subscribe default      -> #3 SUBSCRIPTION 10.00 DUE
                                                   -> sub3 INCOMPLETE default
2027-01-05                  tick                   -> #3 SUBSCRIPTION 10.00 PAST_DUE
2027-01-06T23:59:59.999999  tick                   -> nothing
2027-01-07                  tick                   -> #2 SUBSCRIPTION 10.00 PAST_DUE
2027-01-07                  sub2: pay #2           -> #2 SUBSCRIPTION 10.00 PAID 2027-01-07..2027-02-07
                                                   -> sub2 ACTIVE planned 2027-01-07..2027-02-07
2027-01-07                  sub2: grace 1          -> nothing
2027-02-07                  tick                   -> #1 SUBSCRIPTION 10.00 VOID
                                                   -> #3 SUBSCRIPTION 10.00 VOID
                                                   -> #4 SUBSCRIPTION 10.00 DUE 2027-02-07..2027-03-07
                                                   -> sub EXPIRED own
                                                   -> sub2 ACTIVE planned 2027-02-07..2027-03-07
                                                   -> sub3 EXPIRED default
2027-02-07T23:59:59.999999  tick                   -> nothing
2027-02-08                  tick                   -> #4 SUBSCRIPTION 10.00 PAST_DUE 2027-02-07..2027-03-07
                                                   -> sub2 PAST_DUE planned 2027-02-07..2027-03-07

# Net terms of 10 days: issued on Feb 5, due on Feb 15, past due three days of grace later, on Feb 18.
plan pro 10.00 USD monthly in_advance net 10

2027-01-01                  subscribe pro  -> #1 SUBSCRIPTION 10.00 DUE due 2027-01-11
                                           -> sub INCOMPLETE pro
2027-01-05                  pay #1         -> #1 SUBSCRIPTION 10.00 PAID 2027-01-05..2027-02-05 due 2027-01-11
                                           -> sub ACTIVE pro 2027-01-05..2027-02-05
2027-02-05                  tick           -> #2 SUBSCRIPTION 10.00 DUE 2027-02-05..2027-03-05 due 2027-02-15
                                           -> sub ACTIVE pro 2027-02-05..2027-03-05
2027-02-17T23:59:59.999999  tick           -> nothing
2027-02-18                  tick           -> #2 SUBSCRIPTION 10.00 PAST_DUE 2027-02-05..2027-03-05 due 2027-02-15
                                           -> sub PAST_DUE pro 2027-02-05..2027-03-05

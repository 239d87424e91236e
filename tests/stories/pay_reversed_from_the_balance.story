# 100.00 for #1 leave 51.00, of which the renewal of May takes 49.00 and 2.00 stay. Reversed: 49.00 of it lay on #1, which
# opens again; of the other 51.00 the 2.00 come off the balance and 49.00 off #2, the newest that it paid.
plan pro 49.00 USD monthly in_advance grace 30

2027-04-01  subscribe pro              -> #1 SUBSCRIPTION 49.00 DUE
                                       -> sub INCOMPLETE pro
2027-04-01  pay #1 100.00 ref all      -> #1 SUBSCRIPTION 49.00 PAID 2027-04-01..2027-05-01
                                       -> sub ACTIVE pro 2027-04-01..2027-05-01
                                       -> balance 51.00 USD
2027-05-01  tick                       -> #2 SUBSCRIPTION 49.00 PAID 2027-05-01..2027-06-01
                                       -> sub ACTIVE pro 2027-05-01..2027-06-01
                                       -> balance 2.00 USD
2027-05-02  reverse all                -> #1 SUBSCRIPTION 49.00 PAST_DUE 2027-04-01..2027-05-01
                                       -> #2 SUBSCRIPTION 49.00 DUE 2027-05-01..2027-06-01
                                       -> sub PAST_DUE pro 2027-05-01..2027-06-01
                                       -> balance 0.00 USD
2027-05-02  receive 98.00 USD ref new  -> #1 SUBSCRIPTION 49.00 PAID 2027-04-01..2027-05-01
                                       -> #2 SUBSCRIPTION 49.00 PAID 2027-05-01..2027-06-01
                                       -> sub ACTIVE pro 2027-05-01..2027-06-01

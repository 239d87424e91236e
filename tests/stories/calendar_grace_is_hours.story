# Grace is days of 24 hours, whatever the clocks do: issued at midnight of Mar 27 in Berlin (23:00 UTC), past due 72 hours
# later, which is one o'clock in the morning of Mar 30 there.
plan pro 10.00 USD monthly in_advance
customer zoe zone Europe/Berlin

2027-02-26T23:00            subscribe pro  -> #1 SUBSCRIPTION 10.00 DUE
                                           -> sub INCOMPLETE pro
2027-02-26T23:00            pay #1         -> #1 SUBSCRIPTION 10.00 PAID 2027-02-26T23:00..2027-03-26T23:00
                                           -> sub ACTIVE pro 2027-02-26T23:00..2027-03-26T23:00
2027-03-26T23:00            tick           -> #2 SUBSCRIPTION 10.00 DUE 2027-03-26T23:00..2027-04-26T22:00
                                           -> sub ACTIVE pro 2027-03-26T23:00..2027-04-26T22:00
2027-03-29T22:59:59.999999  tick           -> nothing
2027-03-29T23:00            tick           -> #2 SUBSCRIPTION 10.00 PAST_DUE 2027-03-26T23:00..2027-04-26T22:00
                                           -> sub PAST_DUE pro 2027-03-26T23:00..2027-04-26T22:00

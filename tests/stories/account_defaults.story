# What neither customer nor plan says is the account's: five days of grace, 7 % tax, Berlin's midnight (22:00 UTC in
# summer), and ten days until an unpaid start expires. 10.00 + 0.70.
account grace 5 tax 7 zone Europe/Berlin incomplete 10
plan pro 10.00 USD monthly in_advance
customer one
customer two tax 0 zone America/New_York
customer three

2027-03-30T22:00            subscribe pro         -> #1 SUBSCRIPTION 10.70 DUE
                                                  -> sub INCOMPLETE pro
2027-03-30T22:00            pay #1                -> #1 SUBSCRIPTION 10.70 PAID 2027-03-30T22:00..2027-04-29T22:00
                                                  -> sub ACTIVE pro 2027-03-30T22:00..2027-04-29T22:00
# March 31 in Berlin; the 30th of April there, still in summer. In New York it is Mar 30, 18:00, and Apr 30 the same.
2027-03-30T22:00            two: subscribe pro    -> two: #2 SUBSCRIPTION 10.00 DUE
                                                  -> two: sub2 INCOMPLETE pro
2027-03-30T22:00            two: pay #2           -> two: #2 SUBSCRIPTION 10.00 PAID 2027-03-30T22:00..2027-04-30T22:00
                                                  -> two: sub2 ACTIVE pro 2027-03-30T22:00..2027-04-30T22:00
2027-03-30T22:01            three: subscribe pro  -> three: #3 SUBSCRIPTION 10.70 DUE
                                                  -> three: sub3 INCOMPLETE pro
2027-04-09T22:00:59.999999  tick                  -> three: #3 SUBSCRIPTION 10.70 PAST_DUE
2027-04-09T22:01            tick                  -> three: #3 SUBSCRIPTION 10.70 VOID
                                                  -> three: sub3 EXPIRED pro
2027-04-29T22:00            tick                  -> #4 SUBSCRIPTION 10.70 DUE 2027-04-29T22:00..2027-05-30T22:00
                                                  -> sub ACTIVE pro 2027-04-29T22:00..2027-05-30T22:00
2027-04-30T22:00            tick                  -> two: #5 SUBSCRIPTION 10.00 DUE 2027-04-30T22:00..2027-05-30T22:00
                                                  -> two: sub2 ACTIVE pro 2027-04-30T22:00..2027-05-30T22:00
2027-05-04T22:00            tick                  -> #4 SUBSCRIPTION 10.70 PAST_DUE 2027-04-29T22:00..2027-05-30T22:00
                                                  -> sub PAST_DUE pro 2027-04-29T22:00..2027-05-30T22:00
2027-05-05T22:00            tick                  -> two: #5 SUBSCRIPTION 10.00 PAST_DUE 2027-04-30T22:00..2027-05-30T22:00
                                                  -> two: sub2 PAST_DUE pro 2027-04-30T22:00..2027-05-30T22:00

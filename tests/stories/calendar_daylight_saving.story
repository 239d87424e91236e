# Boundaries keep the wall clock of the subscription's zone. In Berlin 10:00 is 09:00 UTC in winter and
# 08:00 UTC in summer, so the period over the change of Mar 28 is 31 days less an hour.
plan pro 0.00 USD monthly in_advance
customer zoe zone Europe/Berlin

2027-01-31T09:00            subscribe pro  -> #1 SUBSCRIPTION 0.00 PAID 2027-01-31T09:00..2027-02-28T09:00
                                           -> sub ACTIVE pro 2027-01-31T09:00..2027-02-28T09:00
2027-02-28T08:59:59.999999  tick           -> nothing
2027-02-28T09:00            tick           -> #2 SUBSCRIPTION 0.00 PAID 2027-02-28T09:00..2027-03-31T08:00
                                           -> sub ACTIVE pro 2027-02-28T09:00..2027-03-31T08:00
2027-03-31T08:00            tick           -> #3 SUBSCRIPTION 0.00 PAID 2027-03-31T08:00..2027-04-30T08:00
                                           -> sub ACTIVE pro 2027-03-31T08:00..2027-04-30T08:00

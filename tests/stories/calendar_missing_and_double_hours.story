# In Berlin summer time begins on 2027-03-28 at 01:00 UTC: 02:30 does not exist, and the boundary is the
# first instant after, 03:00 local or 01:00 UTC. It ends on 2027-10-31 at 01:00 UTC: 02:30 happens twice,
# and the boundary is the first, 00:30 UTC. The next day keeps 02:30 (00:30 UTC in summer, 01:30 in winter).
plan daily 0.00 USD daily in_advance
customer zoe zone Europe/Berlin

# 02:30 local is 01:30 UTC in winter.
2027-03-27T01:30            subscribe daily  -> #1 SUBSCRIPTION 0.00 PAID 2027-03-27T01:30..2027-03-28T01:00
                                             -> sub ACTIVE daily 2027-03-27T01:30..2027-03-28T01:00
2027-03-28T00:59:59.999999  tick             -> nothing
2027-03-28T01:00            tick             -> #2 SUBSCRIPTION 0.00 PAID 2027-03-28T01:00..2027-03-29T00:30
                                             -> sub ACTIVE daily 2027-03-28T01:00..2027-03-29T00:30
2027-03-28T01:00            cancel now       -> sub CANCELLED daily 2027-03-28T01:00..2027-03-28T01:00
2027-10-30T00:30            subscribe daily  -> #3 SUBSCRIPTION 0.00 PAID 2027-10-30T00:30..2027-10-31T00:30
                                             -> sub2 ACTIVE daily 2027-10-30T00:30..2027-10-31T00:30
2027-10-31T00:29:59.999999  tick             -> nothing
2027-10-31T00:30            tick             -> #4 SUBSCRIPTION 0.00 PAID 2027-10-31T00:30..2027-11-01T01:30
                                             -> sub2 ACTIVE daily 2027-10-31T00:30..2027-11-01T01:30

# An upgrade waits only for money: in a trial, in arrears and for nothing it is there at once, and a bounced payment
# takes it back as little as any other.
account upgrades wait
plan a 30.00 USD monthly in_advance trial 10
plan b 100.00 USD monthly in_advance grace 20
plan p 10.00 USD monthly in_arrears
plan q 20.00 USD monthly in_arrears
plan c 150.00 USD monthly in_advance
customer ada
customer ben

2027-04-01  ada: subscribe a      -> #1 SUBSCRIPTION 0.00 PAID 2027-04-01..2027-04-11
                                  -> sub TRIALING a 2027-04-01..2027-04-11
2027-04-02  ada: upgrade b        -> sub TRIALING b 2027-04-01..2027-04-11
2027-04-11  tick                  -> #2 SUBSCRIPTION 100.00 DUE 2027-04-11..2027-05-11
                                  -> sub ACTIVE b 2027-04-11..2027-05-11
2027-04-11  ada: pay #2           -> #2 SUBSCRIPTION 100.00 PAID 2027-04-11..2027-05-11
2027-04-26  ada: upgrade c        -> #3 ADJUSTMENT 25.00 DUE 2027-04-26..2027-05-11
                                  -> sub ACTIVE b 2027-04-11..2027-05-11 then c
2027-04-26  ada: pay #3 ref slip  -> #3 ADJUSTMENT 25.00 PAID 2027-04-26..2027-05-11
                                  -> sub ACTIVE c 2027-04-11..2027-05-11
2027-04-27  ada: reverse slip     -> #3 ADJUSTMENT 25.00 DUE 2027-04-26..2027-05-11
2027-04-30  tick                  -> #3 ADJUSTMENT 25.00 PAST_DUE 2027-04-26..2027-05-11
                                  -> sub PAST_DUE c 2027-04-11..2027-05-11
2027-05-01  ben: subscribe p      -> ben: #4 SUBSCRIPTION PENDING 2027-05-01..2027-06-01
                                  -> ben: sub2 ACTIVE p 2027-05-01..2027-06-01
2027-05-02  ben: upgrade q        -> ben: sub2 ACTIVE q 2027-05-01..2027-06-01

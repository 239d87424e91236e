# A yearly plan bought on Feb 29 renews on Feb 28 in the years that have no 29th, and on Feb 29 again
# in 2032; the year in which the day is missing is not skipped.
plan annual 0.00 USD yearly in_advance

2028-02-29                  subscribe annual  -> #1 SUBSCRIPTION 0.00 PAID 2028-02-29..2029-02-28
                                              -> sub ACTIVE annual 2028-02-29..2029-02-28
2029-02-27T23:59:59.999999  tick              -> nothing
2029-02-28                  tick              -> #2 SUBSCRIPTION 0.00 PAID 2029-02-28..2030-02-28
                                              -> sub ACTIVE annual 2029-02-28..2030-02-28
2032-02-29                  tick              -> #3 SUBSCRIPTION 0.00 PAID 2030-02-28..2031-02-28
                                              -> #4 SUBSCRIPTION 0.00 PAID 2031-02-28..2032-02-29
                                              -> #5 SUBSCRIPTION 0.00 PAID 2032-02-29..2033-02-28
                                              -> sub ACTIVE annual 2032-02-29..2033-02-28

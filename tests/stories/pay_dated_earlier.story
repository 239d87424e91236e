# When a payment was made is for the books: every effect happens when it is recorded. The period begins on
# the 8th, though the money is said to be of the 2nd. A payment cannot have been made later than now.
plan pro 49.00 USD monthly in_advance

2027-01-01  subscribe pro            -> #1 SUBSCRIPTION 49.00 DUE
                                     -> sub INCOMPLETE pro
2027-01-08  pay #1 dated 2027-01-09  -> refused: validation_failed
                                     -> #1 SUBSCRIPTION 49.00 PAST_DUE
2027-01-08  pay #1 dated 2027-01-02  -> #1 SUBSCRIPTION 49.00 PAID 2027-01-08..2027-02-08
                                     -> sub ACTIVE pro 2027-01-08..2027-02-08
2027-02-08  tick                     -> #2 SUBSCRIPTION 49.00 DUE 2027-02-08..2027-03-08
                                     -> sub ACTIVE pro 2027-02-08..2027-03-08

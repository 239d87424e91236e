# A monthly plan bought on the 31st keeps its day: boundaries are counted from the anchor, Jan 31, and
# cut to the month's last day: Feb 28, Mar 31, Apr 30. In the leap year 2028 it is Feb 29.
plan pro 40.00 USD monthly in_advance

2027-01-31  subscribe pro            -> #1 SUBSCRIPTION 40.00 DUE
                                     -> sub INCOMPLETE pro
2027-01-31  pay #1                   -> #1 SUBSCRIPTION 40.00 PAID 2027-01-31..2027-02-28
                                     -> sub ACTIVE pro 2027-01-31..2027-02-28
2027-02-28  tick                     -> #2 SUBSCRIPTION 40.00 DUE 2027-02-28..2027-03-31
                                     -> sub ACTIVE pro 2027-02-28..2027-03-31
2027-02-28  pay #2                   -> #2 SUBSCRIPTION 40.00 PAID 2027-02-28..2027-03-31
2027-03-31  tick                     -> #3 SUBSCRIPTION 40.00 DUE 2027-03-31..2027-04-30
                                     -> sub ACTIVE pro 2027-03-31..2027-04-30
2027-03-31  pay #3                   -> #3 SUBSCRIPTION 40.00 PAID 2027-03-31..2027-04-30
2027-04-30  tick                     -> #4 SUBSCRIPTION 40.00 DUE 2027-04-30..2027-05-31
                                     -> sub ACTIVE pro 2027-04-30..2027-05-31
2027-04-30  pay #4                   -> #4 SUBSCRIPTION 40.00 PAID 2027-04-30..2027-05-31
# 400.00 for #5 leave 360.00 on the balance: they pay the nine renewals #6 to #14 as they are issued.
2027-05-31  tick                     -> #5 SUBSCRIPTION 40.00 DUE 2027-05-31..2027-06-30
                                     -> sub ACTIVE pro 2027-05-31..2027-06-30
2027-05-31  pay #5 400.00 ref ahead  -> #5 SUBSCRIPTION 40.00 PAID 2027-05-31..2027-06-30
                                     -> balance 360.00 USD
2028-02-29  tick                     -> #6 SUBSCRIPTION 40.00 PAID 2027-06-30..2027-07-31
                                     -> #7 SUBSCRIPTION 40.00 PAID 2027-07-31..2027-08-31
                                     -> #8 SUBSCRIPTION 40.00 PAID 2027-08-31..2027-09-30
                                     -> #9 SUBSCRIPTION 40.00 PAID 2027-09-30..2027-10-31
                                     -> #10 SUBSCRIPTION 40.00 PAID 2027-10-31..2027-11-30
                                     -> #11 SUBSCRIPTION 40.00 PAID 2027-11-30..2027-12-31
                                     -> #12 SUBSCRIPTION 40.00 PAID 2027-12-31..2028-01-31
                                     -> #13 SUBSCRIPTION 40.00 PAID 2028-01-31..2028-02-29
                                     -> #14 SUBSCRIPTION 40.00 PAID 2028-02-29..2028-03-31
                                     -> sub ACTIVE pro 2028-02-29..2028-03-31
                                     -> balance 0.00 USD

# A long grace keeps an old invoice open while later ones are paid: the periods go on, however far behind it lies. One
# day of 1.00 each, so by March 1 the days from Jan 5 on are due.
account grace 365
plan d 1.00 USD daily in_advance

2027-01-01  subscribe d  -> #1 SUBSCRIPTION 1.00 DUE
                         -> sub INCOMPLETE d
2027-01-01  pay #1       -> #1 SUBSCRIPTION 1.00 PAID 2027-01-01..2027-01-02
                         -> sub ACTIVE d 2027-01-01..2027-01-02
2027-01-02  tick         -> #2 SUBSCRIPTION 1.00 DUE 2027-01-02..2027-01-03
                         -> sub ACTIVE d 2027-01-02..2027-01-03
2027-01-03  tick         -> #3 SUBSCRIPTION 1.00 DUE 2027-01-03..2027-01-04
                         -> sub ACTIVE d 2027-01-03..2027-01-04
2027-01-03  pay #3       -> #3 SUBSCRIPTION 1.00 PAID 2027-01-03..2027-01-04
2027-01-04  tick         -> #4 SUBSCRIPTION 1.00 DUE 2027-01-04..2027-01-05
                         -> sub ACTIVE d 2027-01-04..2027-01-05
2027-01-04  pay #4       -> #4 SUBSCRIPTION 1.00 PAID 2027-01-04..2027-01-05
2027-01-05  tick         -> #5 SUBSCRIPTION 1.00 DUE 2027-01-05..2027-01-06
                         -> sub ACTIVE d 2027-01-05..2027-01-06
2027-01-05  pay #5       -> #5 SUBSCRIPTION 1.00 PAID 2027-01-05..2027-01-06
2027-03-01  tick         -> #6 SUBSCRIPTION 1.00 DUE 2027-01-06..2027-01-07
                         -> #7 SUBSCRIPTION 1.00 DUE 2027-01-07..2027-01-08
                         -> #8 SUBSCRIPTION 1.00 DUE 2027-01-08..2027-01-09
                         -> #9 SUBSCRIPTION 1.00 DUE 2027-01-09..2027-01-10
                         -> #10 SUBSCRIPTION 1.00 DUE 2027-01-10..2027-01-11
                         -> #11 SUBSCRIPTION 1.00 DUE 2027-01-11..2027-01-12
                         -> #12 SUBSCRIPTION 1.00 DUE 2027-01-12..2027-01-13
                         -> #13 SUBSCRIPTION 1.00 DUE 2027-01-13..2027-01-14
                         -> #14 SUBSCRIPTION 1.00 DUE 2027-01-14..2027-01-15
                         -> #15 SUBSCRIPTION 1.00 DUE 2027-01-15..2027-01-16
                         -> #16 SUBSCRIPTION 1.00 DUE 2027-01-16..2027-01-17
                         -> #17 SUBSCRIPTION 1.00 DUE 2027-01-17..2027-01-18
                         -> #18 SUBSCRIPTION 1.00 DUE 2027-01-18..2027-01-19
                         -> #19 SUBSCRIPTION 1.00 DUE 2027-01-19..2027-01-20
                         -> #20 SUBSCRIPTION 1.00 DUE 2027-01-20..2027-01-21
                         -> #21 SUBSCRIPTION 1.00 DUE 2027-01-21..2027-01-22
                         -> #22 SUBSCRIPTION 1.00 DUE 2027-01-22..2027-01-23
                         -> #23 SUBSCRIPTION 1.00 DUE 2027-01-23..2027-01-24
                         -> #24 SUBSCRIPTION 1.00 DUE 2027-01-24..2027-01-25
                         -> #25 SUBSCRIPTION 1.00 DUE 2027-01-25..2027-01-26
                         -> #26 SUBSCRIPTION 1.00 DUE 2027-01-26..2027-01-27
                         -> #27 SUBSCRIPTION 1.00 DUE 2027-01-27..2027-01-28
                         -> #28 SUBSCRIPTION 1.00 DUE 2027-01-28..2027-01-29
                         -> #29 SUBSCRIPTION 1.00 DUE 2027-01-29..2027-01-30
                         -> #30 SUBSCRIPTION 1.00 DUE 2027-01-30..2027-01-31
                         -> #31 SUBSCRIPTION 1.00 DUE 2027-01-31..2027-02-01
                         -> #32 SUBSCRIPTION 1.00 DUE 2027-02-01..2027-02-02
                         -> #33 SUBSCRIPTION 1.00 DUE 2027-02-02..2027-02-03
                         -> #34 SUBSCRIPTION 1.00 DUE 2027-02-03..2027-02-04
                         -> #35 SUBSCRIPTION 1.00 DUE 2027-02-04..2027-02-05
                         -> #36 SUBSCRIPTION 1.00 DUE 2027-02-05..2027-02-06
                         -> #37 SUBSCRIPTION 1.00 DUE 2027-02-06..2027-02-07
                         -> #38 SUBSCRIPTION 1.00 DUE 2027-02-07..2027-02-08
                         -> #39 SUBSCRIPTION 1.00 DUE 2027-02-08..2027-02-09
                         -> #40 SUBSCRIPTION 1.00 DUE 2027-02-09..2027-02-10
                         -> #41 SUBSCRIPTION 1.00 DUE 2027-02-10..2027-02-11
                         -> #42 SUBSCRIPTION 1.00 DUE 2027-02-11..2027-02-12
                         -> #43 SUBSCRIPTION 1.00 DUE 2027-02-12..2027-02-13
                         -> #44 SUBSCRIPTION 1.00 DUE 2027-02-13..2027-02-14
                         -> #45 SUBSCRIPTION 1.00 DUE 2027-02-14..2027-02-15
                         -> #46 SUBSCRIPTION 1.00 DUE 2027-02-15..2027-02-16
                         -> #47 SUBSCRIPTION 1.00 DUE 2027-02-16..2027-02-17
                         -> #48 SUBSCRIPTION 1.00 DUE 2027-02-17..2027-02-18
                         -> #49 SUBSCRIPTION 1.00 DUE 2027-02-18..2027-02-19
                         -> #50 SUBSCRIPTION 1.00 DUE 2027-02-19..2027-02-20
                         -> #51 SUBSCRIPTION 1.00 DUE 2027-02-20..2027-02-21
                         -> #52 SUBSCRIPTION 1.00 DUE 2027-02-21..2027-02-22
                         -> #53 SUBSCRIPTION 1.00 DUE 2027-02-22..2027-02-23
                         -> #54 SUBSCRIPTION 1.00 DUE 2027-02-23..2027-02-24
                         -> #55 SUBSCRIPTION 1.00 DUE 2027-02-24..2027-02-25
                         -> #56 SUBSCRIPTION 1.00 DUE 2027-02-25..2027-02-26
                         -> #57 SUBSCRIPTION 1.00 DUE 2027-02-26..2027-02-27
                         -> #58 SUBSCRIPTION 1.00 DUE 2027-02-27..2027-02-28
                         -> #59 SUBSCRIPTION 1.00 DUE 2027-02-28..2027-03-01
                         -> #60 SUBSCRIPTION 1.00 DUE 2027-03-01..2027-03-02
                         -> sub ACTIVE d 2027-03-01..2027-03-02

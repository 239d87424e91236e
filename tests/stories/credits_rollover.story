# 1,000 a month, 300 left at the renewal. NONE: 1,000. FULL: 1,300. CAPPED at 200: 1,200. Before the renewal is paid
# what is left can be spent, and no more.
plan none 10.00 USD monthly in_advance
  feature chat burns NONE
  credits NONE 1000 rollover none
plan full 10.00 USD monthly in_advance
  feature talk burns FULL
  credits FULL 1000 rollover full
plan capped 10.00 USD monthly in_advance
  feature draw burns CAPPED
  credits CAPPED 1000 rollover capped 200

2027-04-01  subscribe none    -> #1 SUBSCRIPTION 10.00 DUE
                              -> sub INCOMPLETE none
2027-04-01  pay #1            -> #1 SUBSCRIPTION 10.00 PAID 2027-04-01..2027-05-01
                              -> sub ACTIVE none 2027-04-01..2027-05-01
                              -> credits 1000 NONE
2027-04-02  subscribe full    -> #2 SUBSCRIPTION 10.00 DUE
                              -> sub2 INCOMPLETE full
2027-04-02  pay #2            -> #2 SUBSCRIPTION 10.00 PAID 2027-04-02..2027-05-02
                              -> sub2 ACTIVE full 2027-04-02..2027-05-02
                              -> credits 1000 FULL
2027-04-03  subscribe capped  -> #3 SUBSCRIPTION 10.00 DUE
                              -> sub3 INCOMPLETE capped
2027-04-03  pay #3            -> #3 SUBSCRIPTION 10.00 PAID 2027-04-03..2027-05-03
                              -> sub3 ACTIVE capped 2027-04-03..2027-05-03
                              -> credits 1000 CAPPED
2027-04-10  use chat 700      -> counted 700, used 700, burnt 700
                              -> credits 300 NONE
2027-04-10  use talk 700      -> counted 700, used 700, burnt 700
                              -> credits 300 FULL
2027-04-10  use draw 700      -> counted 700, used 700, burnt 700
                              -> credits 300 CAPPED
2027-05-03  tick              -> #4 SUBSCRIPTION 10.00 DUE 2027-05-01..2027-06-01
                              -> #5 SUBSCRIPTION 10.00 DUE 2027-05-02..2027-06-02
                              -> #6 SUBSCRIPTION 10.00 DUE 2027-05-03..2027-06-03
                              -> sub ACTIVE none 2027-05-01..2027-06-01
                              -> sub2 ACTIVE full 2027-05-02..2027-06-02
                              -> sub3 ACTIVE capped 2027-05-03..2027-06-03
2027-05-03  pay #4            -> #4 SUBSCRIPTION 10.00 PAID 2027-05-01..2027-06-01
                              -> credits 1000 NONE
2027-05-03  pay #5            -> #5 SUBSCRIPTION 10.00 PAID 2027-05-02..2027-06-02
                              -> credits 1300 FULL
2027-05-03  pay #6            -> #6 SUBSCRIPTION 10.00 PAID 2027-05-03..2027-06-03
                              -> credits 1200 CAPPED
2027-05-03  show credits      -> CAPPED: granted 2000, consumed 700, expired 100, clawed back 0
                              -> FULL: granted 2000, consumed 700, expired 0, clawed back 0
                              -> NONE: granted 2000, consumed 700, expired 300, clawed back 0
                              ->    2027-04-03 PLAN_INCLUDED 200 of 1000 CAPPED left
                              ->    2027-05-03 PLAN_INCLUDED 1000 of 1000 CAPPED left
                              ->    2027-04-02 PLAN_INCLUDED 300 of 1000 FULL left
                              ->    2027-05-03 PLAN_INCLUDED 1000 of 1000 FULL left
                              ->    2027-04-01 PLAN_INCLUDED 0 of 1000 NONE left
                              ->    2027-05-03 PLAN_INCLUDED 1000 of 1000 NONE left

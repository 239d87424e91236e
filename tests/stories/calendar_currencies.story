# A line is rounded once, to the currency's minor unit: yen have none, Kuwaiti dinars have three decimals.
# April has 30 days. Yen: 10 of 30 days are left; unused 1000 − round(1000 × 20/30 = 666.67) = 1000 − 667
# = 333; B round(3000 × 10/30) = 1000; 667. Dinars: unused 1.000 − round(0.6667 to 0.667) = 0.333; B
# round(2.000 × 10/30 = 0.6667) = 0.667; 0.334.
plan basic_yen 1000 JPY monthly in_advance
plan pro_yen 3000 JPY monthly in_advance
plan basic_dinar 1.000 KWD monthly in_advance
plan pro_dinar 2.000 KWD monthly in_advance
customer yuki
customer khalid

2027-04-01  subscribe basic_yen            -> #1 SUBSCRIPTION 1000 DUE
                                           -> sub INCOMPLETE basic_yen
2027-04-01  pay #1                         -> #1 SUBSCRIPTION 1000 PAID 2027-04-01..2027-05-01
                                           -> sub ACTIVE basic_yen 2027-04-01..2027-05-01
2027-04-01  khalid: subscribe basic_dinar  -> khalid: #2 SUBSCRIPTION 1.000 DUE
                                           -> khalid: sub2 INCOMPLETE basic_dinar
2027-04-01  pay #2                         -> khalid: #2 SUBSCRIPTION 1.000 PAID 2027-04-01..2027-05-01
                                           -> khalid: sub2 ACTIVE basic_dinar 2027-04-01..2027-05-01
2027-04-21  upgrade pro_yen                -> #3 ADJUSTMENT 667 DUE 2027-04-21..2027-05-01
                                           -> sub ACTIVE pro_yen 2027-04-01..2027-05-01
2027-04-21  show #3                        -> #3 ADJUSTMENT 667 DUE 2027-04-21..2027-05-01
                                           ->    UNUSED_TIME Unused time on basic_yen = -333
                                           ->    REMAINING_TIME Remaining time on pro_yen = 1000
2027-04-21  khalid: upgrade pro_dinar      -> khalid: #4 ADJUSTMENT 0.334 DUE 2027-04-21..2027-05-01
                                           -> khalid: sub2 ACTIVE pro_dinar 2027-04-01..2027-05-01
2027-04-21  show #4                        -> #4 ADJUSTMENT 0.334 DUE 2027-04-21..2027-05-01
                                           ->    UNUSED_TIME Unused time on basic_dinar = -0.333
                                           ->    REMAINING_TIME Remaining time on pro_dinar = 0.667
2027-04-21  khalid: pay #4 0.334           -> khalid: #4 ADJUSTMENT 0.334 PAID 2027-04-21..2027-05-01
2027-04-21  pay #3 0.5                     -> refused: validation_failed
2027-04-21  upgrade basic_dinar            -> refused: currency_mismatch

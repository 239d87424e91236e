# What cannot be voided: what is pending, what is paid, an adjustment that is not the newest change of its running period,
# and one that cut a period. Apr 2 to May 2 has 30 days: after 3, 90.00 − 27.00 = 63.00; a day later 173.33 − (90.00 −
# round(90.00 × 1/27 = 3.333)) = 86.66; after 5, 365.00 − 25.00 = 340.00. A first invoice that is voided cancels its subscription.
plan a 30.00 USD monthly in_advance grace 60
plan b 100.00 USD monthly in_advance grace 60
plan c 200.00 USD monthly in_advance grace 60
plan annual 365.00 USD yearly in_advance grace 60
plan payg 10.00 USD monthly in_arrears

2027-04-01  subscribe payg        -> #1 SUBSCRIPTION PENDING 2027-04-01..2027-05-01
                                  -> sub ACTIVE payg 2027-04-01..2027-05-01
2027-04-01  void #1               -> refused: invoice_pending
2027-04-01  subscribe a           -> #2 SUBSCRIPTION 30.00 DUE
                                  -> sub2 INCOMPLETE a
2027-04-02  void #2               -> #2 SUBSCRIPTION 30.00 VOID
                                  -> sub2 CANCELLED a
2027-04-02  subscribe a           -> #3 SUBSCRIPTION 30.00 DUE
                                  -> sub3 INCOMPLETE a
2027-04-02  pay #3                -> #3 SUBSCRIPTION 30.00 PAID 2027-04-02..2027-05-02
                                  -> sub3 ACTIVE a 2027-04-02..2027-05-02
2027-04-02  void #3               -> refused: invoice_not_voidable
2027-04-05  sub3: upgrade b       -> #4 ADJUSTMENT 63.00 DUE 2027-04-05..2027-05-02
                                  -> sub3 ACTIVE b 2027-04-02..2027-05-02
2027-04-06  sub3: upgrade c       -> #5 ADJUSTMENT 86.66 DUE 2027-04-06..2027-05-02
                                  -> sub3 ACTIVE c 2027-04-02..2027-05-02
2027-04-06  void #4               -> refused: invoice_not_voidable
2027-04-06  void #5               -> #5 ADJUSTMENT 86.66 VOID 2027-04-06..2027-05-02
                                  -> sub3 ACTIVE b 2027-04-02..2027-05-02
2027-04-06  void #4               -> #4 ADJUSTMENT 63.00 VOID 2027-04-05..2027-05-02
                                  -> sub3 ACTIVE a 2027-04-02..2027-05-02
2027-04-07  sub3: upgrade annual  -> #6 ADJUSTMENT 340.00 DUE 2027-04-07..2028-04-07
                                  -> sub3 ACTIVE annual 2027-04-07..2028-04-07
2027-04-07  void #6               -> refused: invoice_not_voidable

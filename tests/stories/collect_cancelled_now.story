# Cancelled while January is still collected. In advance February's invoice was not issued: its base is not owed, and
# FINAL has January's 5 and February's 2 calls. In arrears FINAL has January's base and usage, and half an hour of
# February: 28.00 x 0.5 h / 672 h = 0.02.
account collection 60
plan pro 10.00 USD monthly in_advance
  feature calls per_unit 0.10
plan payg 28.00 USD monthly in_arrears
  feature calls per_unit 0.50
customer ada
customer ben
customer cyd

2027-01-01        ada: subscribe pro         -> #1 SUBSCRIPTION 10.00 DUE
                                             -> sub INCOMPLETE pro
2027-01-01        ada: pay #1                -> #1 SUBSCRIPTION 10.00 PAID 2027-01-01..2027-02-01
                                             -> sub ACTIVE pro 2027-01-01..2027-02-01
2027-01-01        ben: subscribe payg        -> ben: #2 SUBSCRIPTION PENDING 2027-01-01..2027-02-01
                                             -> ben: sub2 ACTIVE payg 2027-01-01..2027-02-01
2027-01-01        cyd: subscribe payg        -> cyd: #3 SUBSCRIPTION PENDING 2027-01-01..2027-02-01
                                             -> cyd: sub3 ACTIVE payg 2027-01-01..2027-02-01
2027-01-20        ada: use calls 5           -> counted 5, used 5
2027-01-20        ben: use calls 5           -> counted 5, used 5
2027-01-20        cyd: use calls 5           -> counted 5, used 5
2027-02-01T00:20  ada: use calls 2           -> counted 2, used 2
                                             -> cyd: #4 SUBSCRIPTION PENDING 2027-02-01..2027-03-01
                                             -> #5 SUBSCRIPTION PENDING 2027-02-01..2027-03-01
                                             -> ben: #6 SUBSCRIPTION PENDING 2027-02-01..2027-03-01
                                             -> sub ACTIVE pro 2027-02-01..2027-03-01
                                             -> ben: sub2 ACTIVE payg 2027-02-01..2027-03-01
                                             -> cyd: sub3 ACTIVE payg 2027-02-01..2027-03-01
2027-02-01T00:20  ben: use calls 2           -> counted 2, used 2
2027-02-01T00:20  cyd: use calls 2           -> counted 2, used 2
2027-02-01T00:30  ada: cancel now            -> #5 SUBSCRIPTION 0.00 VOID 2027-02-01..2027-03-01 replaced by #7
                                             -> #7 FINAL 0.70 DUE 2027-01-01..2027-02-01T00:30
                                             -> sub CANCELLED pro 2027-02-01..2027-02-01T00:30
2027-02-01T00:30  ada: show #6               -> #6 SUBSCRIPTION 1.02 PENDING 2027-02-01..2027-03-01
                                             ->    BASE payg = 0.02 for 2027-02-01..2027-02-01T00:30
                                             ->    USAGE calls (payg) 2 x 0.5 = 1.00 for 2027-02-01..2027-02-01T00:30
2027-02-01T00:30  ben: cancel now            -> ben: #2 SUBSCRIPTION 0.00 VOID 2027-01-01..2027-02-01 replaced by #8
                                             -> ben: #6 SUBSCRIPTION 0.00 VOID 2027-02-01..2027-03-01 replaced by #8
                                             -> ben: #8 FINAL 31.52 DUE 2027-01-01..2027-02-01T00:30
                                             -> ben: sub2 CANCELLED payg 2027-02-01..2027-02-01T00:30
2027-02-01T00:30  ben: show #7               -> #7 FINAL 0.70 DUE 2027-01-01..2027-02-01T00:30
                                             ->    USAGE calls (pro) 5 x 0.1 = 0.50 for 2027-01-01..2027-02-01
                                             ->    USAGE calls (pro) 2 x 0.1 = 0.20 for 2027-02-01..2027-02-01T00:30
2027-02-01T00:30  cyd: cancel now unsettled  -> cyd: #3 SUBSCRIPTION 0.00 VOID 2027-01-01..2027-02-01 replaced by #9
                                             -> cyd: #4 SUBSCRIPTION 0.00 VOID 2027-02-01..2027-03-01
                                             -> cyd: #9 FINAL 30.50 DUE 2027-01-01..2027-02-01T00:30
                                             -> cyd: sub3 CANCELLED payg 2027-02-01..2027-02-01T00:30
2027-02-01T00:30  cyd: show #8               -> #8 FINAL 31.52 DUE 2027-01-01..2027-02-01T00:30
                                             ->    BASE payg = 28.00 for 2027-01-01..2027-02-01
                                             ->    USAGE calls (payg) 5 x 0.5 = 2.50 for 2027-01-01..2027-02-01
                                             ->    BASE payg = 0.02 for 2027-02-01..2027-02-01T00:30
                                             ->    USAGE calls (payg) 2 x 0.5 = 1.00 for 2027-02-01..2027-02-01T00:30
2027-02-01T01:00  tick                       -> nothing

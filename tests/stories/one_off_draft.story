# A draft bears no number and is owed by nobody; written anew it has other lines; issued it is, and cannot be
# written anew. What is on the balance is spent on it then: 30.00 of 45.00, and 15.00 stay to be paid.
plan pro 40.00 USD monthly in_advance

2027-03-01  bill USD 20 5 draft  -> #1 ONE_OFF PENDING
2027-03-02  receive 30 USD       -> balance 30.00 USD
2027-03-03  redraw #1 45         -> nothing
2027-03-03  show #1              -> #1 ONE_OFF 45.00 PENDING
                                 ->    OTHER Work 1 x 45 = 45.00
2027-03-04  pay #1               -> refused: invoice_pending
2027-03-05  issue #1 net 10      -> #1 ONE_OFF 45.00 DUE (30.00 paid) due 2027-03-15
                                 -> balance 0.00 USD
2027-03-06  redraw #1 1          -> refused: invoice_issued
2027-03-06  issue #1             -> nothing
2027-03-18  tick                 -> #1 ONE_OFF 45.00 PAST_DUE (30.00 paid) due 2027-03-15
2027-03-19  void #1              -> #1 ONE_OFF 45.00 VOID due 2027-03-15
                                 -> balance 30.00 USD

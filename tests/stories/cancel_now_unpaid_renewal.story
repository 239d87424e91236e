# A renewal on which nothing was paid is void; its fee is not carried, and nothing is given back. The usage of
# April that it carried is: 100 × 0.02 = 2.00, with May's 10 × 0.02 = 0.20: FINAL 2.20.
plan pro 49.00 USD monthly in_advance
  feature calls per_unit 0.02

2027-04-01  subscribe pro  -> #1 SUBSCRIPTION 49.00 DUE
                           -> sub INCOMPLETE pro
2027-04-01  pay #1         -> #1 SUBSCRIPTION 49.00 PAID 2027-04-01..2027-05-01
                           -> sub ACTIVE pro 2027-04-01..2027-05-01
2027-04-10  use calls 100  -> counted 100, used 100
2027-05-01  tick           -> #2 SUBSCRIPTION 51.00 DUE 2027-05-01..2027-06-01
                           -> sub ACTIVE pro 2027-05-01..2027-06-01
2027-05-02  use calls 10   -> counted 10, used 10
2027-05-03  cancel now     -> #2 SUBSCRIPTION 51.00 VOID 2027-05-01..2027-06-01 replaced by #3
                           -> #3 FINAL 2.20 DUE 2027-04-01..2027-05-03
                           -> sub CANCELLED pro 2027-05-01..2027-05-03
2027-05-03  show #3        -> #3 FINAL 2.20 DUE 2027-04-01..2027-05-03
                           ->    USAGE calls (pro) 100 x 0.02 = 2.00 for 2027-04-01..2027-05-01
                           ->    USAGE calls (pro) 10 x 0.02 = 0.20 for 2027-05-01..2027-05-03
2027-05-03  pay #2         -> refused: invoice_void
2027-05-03  pay #3         -> #3 FINAL 2.20 PAID 2027-04-01..2027-05-03

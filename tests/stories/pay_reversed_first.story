# A subscription that was started once is not INCOMPLETE again: its first invoice, reversed after its grace, is past due.
plan pro 49.00 USD monthly in_advance

2027-04-01  subscribe pro     -> #1 SUBSCRIPTION 49.00 DUE
                              -> sub INCOMPLETE pro
2027-04-02  pay #1 ref april  -> #1 SUBSCRIPTION 49.00 PAID 2027-04-02..2027-05-02
                              -> sub ACTIVE pro 2027-04-02..2027-05-02
2027-04-20  reverse april     -> #1 SUBSCRIPTION 49.00 PAST_DUE 2027-04-02..2027-05-02
                              -> sub PAST_DUE pro 2027-04-02..2027-05-02
2027-04-21  pay #1            -> #1 SUBSCRIPTION 49.00 PAID 2027-04-02..2027-05-02
                              -> sub ACTIVE pro 2027-04-02..2027-05-02
2027-05-02  tick              -> #2 SUBSCRIPTION 49.00 DUE 2027-05-02..2027-06-02
                              -> sub ACTIVE pro 2027-05-02..2027-06-02

# A reference is a payment's identity: the same again is the same payment, with another amount it is a
# conflict. On a paid invoice a new reference is booked onto the balance, an amount without one is not, and
# a repeat without a word changes nothing.
plan pro 49.00 USD monthly in_advance

2027-01-01  subscribe pro       -> #1 SUBSCRIPTION 49.00 DUE
                                -> sub INCOMPLETE pro
2027-01-01  pay #1 20.00 ref a  -> #1 SUBSCRIPTION 49.00 DUE (20.00 paid)
2027-01-01  pay #1 20.00 ref a  -> nothing
2027-01-01  pay #1 ref a        -> nothing
2027-01-01  pay #1 21.00 ref a  -> refused: payment_reference_conflict
2027-01-01  pay #1 ref b        -> #1 SUBSCRIPTION 49.00 PAID 2027-01-01..2027-02-01
                                -> sub ACTIVE pro 2027-01-01..2027-02-01
2027-01-02  pay #1              -> nothing
2027-01-02  pay #1 29.00 ref b  -> nothing
2027-01-02  pay #1 10.00        -> refused: already_paid
2027-01-02  pay #1 10.00 ref c  -> balance 10.00 USD
2027-01-02  pay #1 10.00 ref c  -> nothing
2027-01-02  pay #1 ref d        -> nothing

# Money that names no invoice goes to the balance and is spent at once on what is open: 60.00 pay 49.00 and leave 11.00.
# What is sent back is taken from there, and no more than that.
plan pro 49.00 USD monthly in_advance

2027-04-01  subscribe pro            -> #1 SUBSCRIPTION 49.00 DUE
                                     -> sub INCOMPLETE pro
2027-04-02  receive 60.00 USD ref a  -> #1 SUBSCRIPTION 49.00 PAID 2027-04-02..2027-05-02
                                     -> sub ACTIVE pro 2027-04-02..2027-05-02
                                     -> balance 11.00 USD
2027-04-02  receive 60.00 USD ref a  -> nothing
2027-04-02  receive 61.00 USD ref a  -> refused: payment_reference_conflict
2027-04-02  receive 0 USD            -> refused: validation_failed
2027-04-02  receive 5.00 EUR         -> balance 5.00 EUR
2027-04-03  payout 11.01 USD         -> refused: insufficient_balance
2027-04-03  payout 11.00 USD         -> balance 0.00 USD

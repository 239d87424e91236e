# The balance pays open invoices by the instant at which they are due: #2 of Jan 2 (due with net terms on
# Jan 22) comes after #3 of Jan 3 (due then). 20.00 on top of #1 pay the 12.00 of #3 first, then 8.00 of #2.
plan slow 15.00 USD monthly in_advance net 20
plan quick 12.00 USD monthly in_advance
plan pro 49.00 USD monthly in_advance

2027-01-01  subscribe pro    -> #1 SUBSCRIPTION 49.00 DUE
                             -> sub INCOMPLETE pro
2027-01-02  subscribe slow   -> #2 SUBSCRIPTION 15.00 DUE due 2027-01-22
                             -> sub2 INCOMPLETE slow
2027-01-03  subscribe quick  -> #3 SUBSCRIPTION 12.00 DUE
                             -> sub3 INCOMPLETE quick
2027-01-03  pay #1 69.00     -> #1 SUBSCRIPTION 49.00 PAID 2027-01-03..2027-02-03
                             -> #2 SUBSCRIPTION 15.00 DUE (8.00 paid) due 2027-01-22
                             -> #3 SUBSCRIPTION 12.00 PAID 2027-01-03..2027-02-03
                             -> sub ACTIVE pro 2027-01-03..2027-02-03
                             -> sub3 ACTIVE quick 2027-01-03..2027-02-03

# From a yearly to a monthly plan, by the caller's word. 365 days, 73 of them gone: unused 365.00 − 73.00 =
# 292.00; the month costs 40.00. The net of −252.00 is a credit note alone, and the balance pays what comes:
# May 15 renewal 40.00, 212.00 left.
plan annual 365.00 USD yearly in_advance
plan monthly 40.00 USD monthly in_advance

2027-01-31  subscribe annual  -> #1 SUBSCRIPTION 365.00 DUE
                              -> sub INCOMPLETE annual
2027-01-31  pay #1            -> #1 SUBSCRIPTION 365.00 PAID 2027-01-31..2028-01-31
                              -> sub ACTIVE annual 2027-01-31..2028-01-31
2027-04-14  upgrade monthly   -> credit note 252.00
                              -> sub ACTIVE monthly 2027-04-14..2027-05-14
                              -> balance 252.00 USD
2027-05-14  tick              -> #2 SUBSCRIPTION 40.00 PAID 2027-05-14..2027-06-14
                              -> sub ACTIVE monthly 2027-05-14..2027-06-14
                              -> balance 212.00 USD

# The renewal of Jan 31, 2028 is paid on Mar 10, in its grace: the credits of both months that began since come then,
# with full rollover: 1,200 of the first year and 200.
plan annual 120.00 USD yearly in_advance grace 60
  feature chat burns AI
  credits AI 100 rollover full every month

2027-01-31  subscribe annual  -> #1 SUBSCRIPTION 120.00 DUE
                              -> sub INCOMPLETE annual
2027-01-31  pay #1            -> #1 SUBSCRIPTION 120.00 PAID 2027-01-31..2028-01-31
                              -> sub ACTIVE annual 2027-01-31..2028-01-31
                              -> credits 100 AI
2028-01-30  tick              -> credits 1200 AI
2028-03-10  tick              -> #2 SUBSCRIPTION 120.00 DUE 2028-01-31..2029-01-31
                              -> sub ACTIVE annual 2028-01-31..2029-01-31
2028-03-10  pay #2            -> #2 SUBSCRIPTION 120.00 PAID 2028-01-31..2029-01-31
                              -> credits 1400 AI
2028-03-31  tick              -> credits 1500 AI

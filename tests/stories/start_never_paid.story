# A first invoice may be past due while its subscription stays INCOMPLETE. Thirty days after its creation
# the subscription expires: the invoice is void, what was paid of it is on the balance, and the customer
# may subscribe anew: the 10.00 are spent on the new invoice.
plan pro 49.00 USD monthly in_advance
  feature calls

2027-01-10                  subscribe pro  -> #1 SUBSCRIPTION 49.00 DUE
                                           -> sub INCOMPLETE pro
2027-01-12                  pay #1 10.00   -> #1 SUBSCRIPTION 49.00 DUE (10.00 paid)
2027-01-13                  tick           -> #1 SUBSCRIPTION 49.00 PAST_DUE (10.00 paid)
2027-02-08T23:59:59.999999  tick           -> nothing
2027-02-09                  tick           -> #1 SUBSCRIPTION 49.00 VOID
                                           -> sub EXPIRED pro
                                           -> balance 10.00 USD
2027-02-09                  check calls    -> denied subscription_inactive
2027-02-09                  pay #1         -> refused: invoice_void
2027-02-09                  subscribe pro  -> #2 SUBSCRIPTION 49.00 DUE (10.00 paid)
                                           -> sub2 INCOMPLETE pro
                                           -> balance 0.00 USD

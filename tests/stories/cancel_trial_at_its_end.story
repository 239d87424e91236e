# A trial that is cancelled at its end gives access until then, and nothing is charged. Usage of the trial that
# comes in later is not billed either, then or 35 days later.
plan try 49.00 USD monthly in_advance trial 10
  feature calls per_unit 1.00

2027-04-01                  subscribe try              -> #1 SUBSCRIPTION 0.00 PAID 2027-04-01..2027-04-11
                                                       -> sub TRIALING try 2027-04-01..2027-04-11
2027-04-04                  use calls 5                -> counted 5, used 5, in_trial
2027-04-04                  cancel end                 -> sub TRIALING try 2027-04-01..2027-04-11 ends 2027-04-11
2027-04-10T23:59:59.999999  check calls                -> allowed, used 5
2027-04-11                  check calls                -> denied subscription_cancelled
                                                       -> sub CANCELLED try 2027-04-01..2027-04-11
2027-04-12                  use calls 7 at 2027-04-10  -> counted 7, used 12, in_trial
2027-06-01                  tick                       -> nothing

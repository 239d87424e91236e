#!/usr/bin/env node
// One customer's life with Usance, played against a running server. Needs Node 20, nothing else.
//
//     make run                                                 # in one terminal; prints a key
//     USANCE_KEY=sk_test_... node examples/quickstart.mjs      # in another
//
// USANCE_API is the base of the API (http://127.0.0.1:8080/api/v1), USANCE_KEY a key of a TEST account
// with the demo catalogue: the story moves that account's clock by more than a month. Each run makes
// a customer of its own. Each step is checked: what is not as expected ends the run with 1.
//
// The money, by BILLING.md. The story starts on the first day of a month of 30 days; day 1 is there.
//
//     day 1   Pro, in advance                                              49.00   paid
//     day 21  upgrade to Enterprise with 10 of 30 days left:
//             unused time on Pro     -(49.00 - round(49.00 x 20/30 = 32.67)) = -16.33
//             remaining on Enterprise          round(199.00 x 10/30)         =  66.33
//                                                                          50.00   paid
//     day 31  renewal: Enterprise 199.00 + 12,345 API calls, which are
//             13 started packages of 1,000 at 0.50 = 6.50                 205.50   paid, late
//     day 46  cancelled at once, on day 15 of 31:
//             credit note 199.00 - round(199.00 x 15/31 = 96.29) =        102.71   to the balance
//             final invoice, 1,500 API calls in 2 packages =                1.00   paid from it
//                                                      left on the balance 101.71
//
// And the credits: Pro gives 1,000; 150,000 tokens of gpt-4o at 0.002 burn 300, which leaves 700.
// Enterprise allocates 10,000, and 1,000 were given already: 9,000 more make 9,700. At the renewal the
// 700 of Pro roll over CAPPED at 200 and the 9,000 of Enterprise in FULL; with 10,000 new ones that
// is 19,200. Cancelled, all of them are clawed back: they came with the plan.

import { randomUUID } from 'node:crypto'

const API = (process.env.USANCE_API || 'http://127.0.0.1:8080/api/v1').replace(/\/+$/, '')
const KEY = process.env.USANCE_KEY

const DAY = 24 * 60 * 60 * 1000
const MONTHS_OF_30_DAYS = [4, 6, 9, 11]

let day = ''

/** End the run: something is not as it should be. */
function fail(message) {
  console.error(`\nquickstart: ${message}`)
  process.exit(1)
}

/** End the run unless a value is the one expected. */
function check(what, actual, expected) {
  const [is, should] = [actual, expected].map((value) => JSON.stringify(value))
  if (is !== should) fail(`${what} is ${is}, and should be ${should}.`)
}

/** Print what was done on which day of the account's clock, what came of it, and why. */
function tell(what, result = '', ...why) {
  console.log(`${day}  ${what.padEnd(42)}  ${result}`.trimEnd())
  for (const line of why) console.log(' '.repeat(14) + line)
}

// --- talking to the server ---------------------------------------------------------------------------

/**
 * Decode JSON, keeping each number with a point as the text that was sent: JavaScript's own numbers
 * are binary, and 0.1 + 0.2 is not 0.3 in them. Where money is added up, use a decimal library.
 */
function decode(text) {
  const exact = text.replace(/("(?:[^"\\]|\\.)*")|-?\d+\.\d+/g, (all, string) => string ?? `"${all}"`)
  return JSON.parse(exact)
}

/** Return the data of a success; a refusal ends the run. */
async function call(method, path, body) {
  let status, text
  try {
    const answer = await fetch(API + path, {
      method,
      headers: { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    ;[status, text] = [answer.status, await answer.text()]
  } catch (problem) {
    fail(`${API} does not answer (${problem.cause?.message ?? problem.message}). Is it running? make run`)
  }
  if (!text.startsWith('{')) fail(`${API} does not answer like Usance (HTTP ${status}).`)
  const { success, data, error } = decode(text)
  if (success) return data
  if (error.code === 'clock_is_real') {
    fail('The story needs a TEST account (a key that begins with sk_test_).')
  }
  return fail(`${method} ${path}: ${status} ${error.code}: ${error.message}`)
}

/** Return an instant as YYYY-MM-DD. */
const dateOf = (instant) => new Date(instant).toISOString().slice(0, 10)

/** Return the instant so many days later. The API's instants have microseconds, and keep them here. */
function daysAfter(instant, days) {
  const [, microseconds = ''] = /\.\d{3}(\d{0,3})Z$/.exec(instant) ?? []
  const later = new Date(Date.parse(instant) + days * DAY).toISOString()
  return later.replace('Z', `${microseconds}Z`)
}

/** Move the TEST account's clock; all that is due until then is done, in order. */
async function moveClock(to) {
  while (!(await call('POST', '/clock/advance', { to })).done);
  day = dateOf(to)
}

/** Tell that an invoice was paid, however that happened. */
const pay = (invoice) => call('POST', `/billing/invoices/${invoice.id}/mark-paid`)

if (!KEY) fail('Set USANCE_KEY to an API key: `make run` prints one when it starts for the first time.')

const clock = await call('GET', '/clock')
day = dateOf(clock.now)
// Any text; here with a slash, to show that it may.
const customer = `quickstart/${randomUUID().replaceAll('-', '').slice(0, 12)}`
const inPath = encodeURIComponent(customer)

const mayUse = (feature) => call('GET', `/entitlements/${inPath}/${feature}`)
const creditsLeft = async () => (await call('GET', `/credits/${inPath}/pools`))[0].balance

// --- the story ---------------------------------------------------------------------------------------

const year = new Date(clock.now).getUTCFullYear()
const starts = [year, year + 1].flatMap((each) =>
  MONTHS_OF_30_DAYS.map((month) => `${each}-${String(month).padStart(2, '0')}-01T00:00:00Z`),
)
await moveClock(starts.find((start) => Date.parse(start) > Date.parse(clock.now)))
tell('move the clock to a month of 30 days', '', 'so that the shares of a month below come out even')

await call('POST', '/customers', {
  customerReferenceId: customer,
  email: 'jane@example.com',
  firstName: 'Jane',
  lastName: 'Smith',
  timeZone: 'UTC',
})
tell('create a customer', customer)

const plans = Object.fromEntries((await call('GET', '/plans')).map(({ plan }) => [plan.key, plan]))
const prices = { pro_monthly: '49.00', enterprise_monthly: '199.00', starter_monthly: '19.00' }
for (const [key, price] of Object.entries(prices)) {
  if (!plans[key]) fail(`There is no plan ${key}: the story needs the demo catalogue.`)
  check(`the price of ${key}`, plans[key].priceAmount, price)
}
tell('list the plans', Object.values(plans).map((one) => `${one.key} ${one.priceAmount}`).join(', '))

const made = await call('POST', '/subscriptions', {
  customerReferenceId: customer,
  planId: plans.pro_monthly.id,
  gracePeriod: 3,
})
const first = made.invoice
const one = `/subscriptions/${made.subscription.id}`
check('the subscription', made.subscription.status, 'INCOMPLETE')
check('the first invoice', [first.status, first.amountDue], ['DUE', '49.00'])
tell(
  'subscribe to pro_monthly',
  `INCOMPLETE, ${first.number} of 49.00 is DUE`,
  'in advance: the subscription waits for its first payment',
)

let answer = await mayUse('ai_chat')
check('access before payment', [answer.isAllowed, answer.reason.code], [false, 'subscription_inactive'])
tell('may they use ai_chat?', `no: ${answer.reason.code}`)

check('the invoice', (await pay(first)).status, 'PAID')
const subscription = await call('GET', one)
check('the subscription', [subscription.status, subscription.isActive], ['ACTIVE', true])
const { currentPeriodStart: startsAt, currentPeriodEnd: endsAt } = subscription
check('the period', endsAt, daysAfter(startsAt, 30))
tell(
  'mark it paid',
  `ACTIVE until ${dateOf(endsAt)}`,
  'the period begins with the payment; features and 1,000 credits are there now',
)

answer = await mayUse('ai_chat')
check('access after payment', answer.isAllowed, true)
tell('may they use ai_chat?', `yes: ${answer.usage.used} of ${answer.usage.limit.toLocaleString('en')} used`)

const event = {
  eventIdempotencyKey: randomUUID(),
  eventName: 'chat_completion',
  customerReferenceId: customer,
  featureKey: 'ai_chat',
  usageUnits: 150_000,
  costInput: {
    model: 'gpt-4o',
    modelProvider: 'openai',
    inputTokens: 100_000,
    outputTokens: 50_000,
  },
}
const receipt = await call('POST', '/events', event)
check('the credits deducted', receipt.creditsDeducted, 300)
tell(
  'report 150,000 tokens of gpt-4o',
  `300 credits burnt, it cost you ${receipt.costAmount} USD`,
  "150,000 x 0.002 credits; the cost by the model's price of that day",
)

const again = await call('POST', '/events', event)
check('the second receipt', [again.duplicate, again.eventId], [true, receipt.eventId])
check('the credits', await creditsLeft(), 700)
tell(
  'report the same event again',
  'duplicate: the first receipt, nothing burnt',
  'its key identifies it for ever, so a retry is harmless',
)

const simulate = (usageUnits) =>
  call('POST', '/entitlements', {
    customerReferenceId: customer,
    featureKey: 'ai_chat',
    track: { eventName: 'chat_completion', usageUnits, model: 'gpt-4o' },
  })
const [few, many] = [await simulate(5_000), await simulate(900_000)]
check('5,000 tokens more', few.simulation.wouldExceedLimit, false)
check('their credits', few.creditQuote.estimatedCredits, 10)
check('900,000 tokens more', many.reason.code, 'insufficient_credits')
tell(
  'simulate 5,000 tokens, then 900,000',
  '10 credits: yes. 1,800 credits: insufficient_credits',
  'a simulation records nothing',
)

check('the credits', await creditsLeft(), 700)
tell('read the credit pools', 'AI_CREDITS: 700 remaining')

await moveClock(daysAfter(startsAt, 20))
const changed = await call('POST', `${one}/plan-change`, {
  changeToPlanId: plans.enterprise_monthly.id,
  changeType: 'UPGRADE',
})
const adjustment = changed.invoice
check('the plan', changed.subscription.plan.key, 'enterprise_monthly')
check("the adjustment's lines", adjustment.lines.map((line) => line.amount), ['-16.33', '66.33'])
check('the adjustment', [adjustment.type, adjustment.amount], ['ADJUSTMENT', '50.00'])
tell(
  'upgrade to enterprise_monthly',
  `now; ${adjustment.number} of 50.00 is DUE`,
  '10 of 30 days are left: -16.33 unused on Pro, +66.33 for the rest on Enterprise',
)

check('the credits', await creditsLeft(), 9_700)
check('the adjustment', (await pay(adjustment)).status, 'PAID')
tell(
  'mark it paid',
  'PAID; 9,700 credits',
  'the increase came with the upgrade: 10,000 less the 1,000 of Pro, 300 of them burnt',
)

const request = (usageUnits) =>
  call('POST', '/events', {
    eventIdempotencyKey: randomUUID(),
    eventName: 'request',
    customerReferenceId: customer,
    featureKey: 'api_calls',
    usageUnits,
  })
check("the event's revenue", Number((await request(12_345)).revenueAmount), 6.5)
tell('report 12,345 API calls', '6.50 on the next invoice', '13 started packages of 1,000 at 0.50')

const planned = await call('POST', `${one}/plan-change`, {
  changeToPlanId: plans.starter_monthly.id,
  changeType: 'DOWNGRADE',
})
const { toPlan, effectiveAt } = planned.subscription.scheduledChange
check('the plan', planned.subscription.plan.key, 'enterprise_monthly')
check('the scheduled change', [toPlan.key, effectiveAt], ['starter_monthly', endsAt])
let undone = await call('DELETE', `${one}/plan-change/scheduled`)
check('the scheduled change', undone.subscription.scheduledChange, null)
tell('downgrade to starter_monthly, and undo it', `it had waited for ${dateOf(endsAt)}`)

const cancellation = `/subscriptions/cancellation/${subscription.id}`
const ending = await call('POST', `${cancellation}?cancelMode=END_OF_PERIOD`)
check('the status', [ending.subscription.status, ending.subscription.cancelAt], ['ACTIVE', endsAt])
undone = await call('DELETE', `${cancellation}/scheduled`)
check('the scheduled end', undone.subscription.cancelAt, null)
tell("cancel at the period's end, and undo it", `it had stayed ACTIVE until ${dateOf(endsAt)}`)

await moveClock(endsAt)
const [renewal] = await call('GET', `/billing/invoices/${inPath}?status=DUE`)
check("the renewal's lines", renewal.lines.map((line) => line.amount), ['199.00', '6.50'])
check('the renewal', [renewal.type, renewal.amount], ['SUBSCRIPTION', '205.50'])
check('access in the grace period', (await mayUse('ai_chat')).isAllowed, true)
tell(
  'the period ends',
  `${renewal.number} of 205.50 is DUE; access stays`,
  '199.00 for the next month and 6.50 for the calls of the last; 3 days of grace',
)

await moveClock(renewal.pastDueAt)
answer = await mayUse('ai_chat')
check('access after grace', [answer.isAllowed, answer.reason.code], [false, 'payment_past_due'])
check('the subscription', (await call('GET', one)).status, 'PAST_DUE')
tell('grace is over', `PAST_DUE, access is gone: ${answer.reason.code}`)

check('the renewal', (await pay(renewal)).status, 'PAID')
check('the subscription', (await call('GET', one)).status, 'ACTIVE')
check('access', (await mayUse('ai_chat')).isAllowed, true)
check('the credits', await creditsLeft(), 19_200)
tell(
  'mark the renewal paid',
  'ACTIVE, access is back; 19,200 credits',
  "10,000 new, 9,000 of Enterprise kept in full, 200 of Pro's 700 kept by its cap",
)

await moveClock(daysAfter(endsAt, 15))
await request(1_500)
tell('report 1,500 API calls', '1.00: 2 packages')

const over = await call('POST', `${cancellation}?cancelMode=IMMEDIATE`)
const { finalInvoice: final, creditNote: note } = over
check('the subscription', over.subscription.status, 'CANCELLED')
check('the credit note', [note.amount, note.toBalance], ['102.71', '102.71'])
check('the final invoice', [final.type, final.amount, final.status], ['FINAL', '1.00', 'PAID'])
tell(
  'cancel at once',
  `CANCELLED; ${note.number} gives back 102.71`,
  '16 of 31 days are unused: 199.00 - 96.29',
  `${final.number} asks 1.00 for the calls, and is paid from what was given back`,
)

answer = await mayUse('ai_chat')
check('access', [answer.isAllowed, answer.reason.code], [false, 'subscription_cancelled'])
check('the credits', await creditsLeft(), 0)
const { balances } = await call('GET', `/customers/${inPath}`)
check('the balance', balances, [{ currency: 'USD', amount: '101.71' }])
tell('what is left', '101.71 USD on account, no access, no credits')

const invoices = await call('GET', `/billing/invoices/${inPath}`)
const amounts = invoices.map((each) => `${each.amount} ${each.status}`)
check('the invoices', amounts, ['1.00 PAID', '205.50 PAID', '50.00 PAID', '49.00 PAID'])
tell('list the invoices')
for (const { number, type, amount, currency, status } of invoices) {
  console.log(`${' '.repeat(14)}${number}  ${type.padEnd(12)}  ${amount.padStart(8)} ${currency}  ${status}`)
}
console.log('\nAll as it should be.')

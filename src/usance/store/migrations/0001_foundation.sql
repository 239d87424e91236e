-- The whole ledger: accounts, catalogue, customers, subscriptions, invoices, money, usage, credits.
--
-- Every customer-owned table carries account_id and customer_id, and its keys include customer_id, so
-- that it can be distributed by customer. Account-wide identities (references, number series, keys)
-- are tables of their own. Times are arguments, never SQL now(). Money, units and credits are numeric
-- and neither NaN nor infinite: NaN sorts above Infinity, so one comparison keeps both out. Statuses
-- are text with a CHECK; their arrows stand beside the enums in core/.

-- Accounts ---------------------------------------------------------------------------------------

CREATE TABLE accounts (
    account_id      uuid        NOT NULL PRIMARY KEY,
    name            text        NOT NULL,
    mode            text        NOT NULL CHECK (mode IN ('LIVE', 'TEST')),
    zone            text        NOT NULL,
    currency        text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    grace_days      integer     NOT NULL CHECK (grace_days BETWEEN 0 AND 365),
    incomplete_days integer     NOT NULL CHECK (incomplete_days BETWEEN 1 AND 365),
    tax_rate        numeric     NOT NULL CHECK (tax_rate >= 0 AND tax_rate <= 100 AND tax_rate < 'Infinity'),
    tax_category    text        CHECK (tax_category IN
                        ('STANDARD', 'REDUCED', 'ZERO', 'REVERSE_CHARGE', 'EXEMPT', 'OUTSIDE_SCOPE')),
    tax_exemption_reason text,
    -- How far a TEST account's clock runs ahead of the real one, in microseconds; 0 when LIVE.
    clock_offset_us bigint      NOT NULL CHECK (clock_offset_us >= 0 AND (mode = 'TEST' OR clock_offset_us = 0)),
    -- Days after which an overdue subscription ends by itself; null: never.
    cancel_after_past_due_days integer CHECK (cancel_after_past_due_days BETWEEN 0 AND 365),
    -- How long after a boundary the usage before it is still collected; its invoice waits as long.
    collection_minutes integer NOT NULL DEFAULT 0 CHECK (collection_minutes BETWEEN 0 AND 4320),
    upgrade_requires_payment boolean NOT NULL DEFAULT false,  -- an upgrade waits for its invoice
    -- The score from which an entry of a bank statement is applied by itself; null: never.
    statement_threshold integer CHECK (statement_threshold BETWEEN 50 AND 100),
    -- They end in the running number, after no digit, so that two documents never get one number.
    invoice_number_format text   NOT NULL DEFAULT 'INV-{year}-{seq:05}'
                           CHECK (invoice_number_format ~ '(^|[^0-9}]){seq(:0[1-9])?}$'),
    credit_note_number_format text NOT NULL DEFAULT 'CN-{year}-{seq:05}'
                           CHECK (credit_note_number_format ~ '(^|[^0-9}]){seq(:0[1-9])?}$'),
    seller          jsonb       NOT NULL DEFAULT '{}',  -- what documents say of it
    language        text        NOT NULL DEFAULT 'en'  -- of documents, for customers who have none of their own
                           CHECK (language IN ('en', 'de', 'fr', 'es', 'it', 'nl', 'pt', 'ja')),
    reminders       jsonb       NOT NULL DEFAULT '{}',  -- its rules: core/reminders.py
    ledger_accounts jsonb       NOT NULL DEFAULT '{}',  -- its own names in the journal; the others have ours
    catalog_version bigint      NOT NULL DEFAULT 0,  -- counts the changes of its catalogue
    created_at      timestamptz NOT NULL,
    CHECK (tax_category IS NULL OR (tax_rate > 0) = (tax_category IN ('STANDARD', 'REDUCED'))),
    CHECK (tax_category <> 'REVERSE_CHARGE'),   -- that depends on the customer
    CHECK (tax_exemption_reason IS NULL OR coalesce(tax_category IN ('EXEMPT', 'OUTSIDE_SCOPE'), false))
);

-- The picture on an account's documents; apart from its row, which every request reads.
CREATE TABLE account_logos (
    account_id uuid  NOT NULL PRIMARY KEY REFERENCES accounts,
    format     text  NOT NULL CHECK (format IN ('png', 'jpg', 'svg')),
    picture    bytea NOT NULL CHECK (length(picture) BETWEEN 1 AND 200000)
);

-- Only the hash of a key is kept, so the key is shown once and a stolen table opens nothing.
CREATE TABLE api_keys (
    account_id uuid        NOT NULL REFERENCES accounts,
    key_id     uuid        NOT NULL,
    name       text        NOT NULL,
    hash       bytea       NOT NULL CHECK (length(hash) = 32),
    last_four  text        NOT NULL CHECK (length(last_four) = 4),
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (account_id, key_id)
);
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);

-- Series INVOICE and CREDIT_NOTE: gapless, so this row is locked last and only when issuing.
CREATE TABLE number_series (
    account_id uuid   NOT NULL REFERENCES accounts,
    series     text   NOT NULL CHECK (series IN ('INVOICE', 'CREDIT_NOTE')),
    next       bigint NOT NULL CHECK (next >= 1),
    PRIMARY KEY (account_id, series)
);

CREATE TABLE document_numbers (
    account_id  uuid   NOT NULL REFERENCES accounts,
    series      text   NOT NULL,
    seq         bigint NOT NULL,
    number      text   NOT NULL,
    customer_id uuid   NOT NULL,
    document_id uuid   NOT NULL,
    PRIMARY KEY (account_id, series, seq),
    FOREIGN KEY (account_id, series) REFERENCES number_series
);
CREATE UNIQUE INDEX document_numbers_number ON document_numbers (account_id, series, number);

-- The answer to a keyed request, written in the transaction of its effect.
CREATE TABLE idempotency_keys (
    account_id  uuid        NOT NULL REFERENCES accounts,
    identity    bytea       NOT NULL CHECK (length(identity) = 32),   -- of method, path, query and key
    fingerprint bytea       NOT NULL CHECK (length(fingerprint) = 32), -- of the body
    status      integer     NOT NULL CHECK (status BETWEEN 200 AND 299),
    body        bytea       NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (account_id, identity)
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

-- Catalogue --------------------------------------------------------------------------------------

CREATE TABLE features (
    account_id  uuid        NOT NULL REFERENCES accounts,
    feature_id  uuid        NOT NULL,
    key         text        NOT NULL,
    name        text        NOT NULL,
    description text        NOT NULL,
    enabled     boolean     NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (account_id, feature_id)
);
CREATE UNIQUE INDEX features_key ON features (account_id, key);

CREATE TABLE credit_models (
    account_id   uuid        NOT NULL REFERENCES accounts,
    denomination text        NOT NULL,
    name         text        NOT NULL,
    hard_limit   boolean     NOT NULL,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (account_id, denomination)
);

CREATE TABLE plans (
    account_id         uuid        NOT NULL REFERENCES accounts,
    plan_id            uuid        NOT NULL,
    key                text        NOT NULL,
    name               text        NOT NULL,
    description        text        NOT NULL,
    status             text        NOT NULL CHECK (status IN ('DRAFT', 'ACTIVE', 'ARCHIVED')),
    customer_reference text,       -- a negotiated plan: visible to this customer alone
    created_at         timestamptz NOT NULL,
    PRIMARY KEY (account_id, plan_id)
);
CREATE UNIQUE INDEX plans_key ON plans (account_id, key);

-- Immutable: a change makes another version, and a subscription stays on the one it was sold.
CREATE TABLE plan_versions (
    account_id   uuid        NOT NULL,
    version_id   uuid        NOT NULL,
    plan_id      uuid        NOT NULL,
    number       integer     NOT NULL CHECK (number >= 1),
    plan_key     text        NOT NULL,
    plan_name    text        NOT NULL,
    currency     text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    terms        jsonb       NOT NULL,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, version_id),
    FOREIGN KEY (account_id, plan_id) REFERENCES plans
);
CREATE UNIQUE INDEX plan_versions_number ON plan_versions (account_id, plan_id, number);

-- Customers --------------------------------------------------------------------------------------

CREATE TABLE customers (
    account_id      uuid        NOT NULL REFERENCES accounts,
    customer_id     uuid        NOT NULL,
    reference       text        NOT NULL,
    email           text,
    first_name      text,
    last_name       text,
    name            text,
    phone_number    text,
    billing_address jsonb,
    tax_id          text,
    tax_rate        numeric     CHECK (tax_rate >= 0 AND tax_rate <= 100 AND tax_rate < 'Infinity'),
    tax_category    text        CHECK (tax_category IN
                        ('STANDARD', 'REDUCED', 'ZERO', 'REVERSE_CHARGE', 'EXEMPT', 'OUTSIDE_SCOPE')),
    tax_exemption_reason text,
    buyer_reference text,       -- on e-invoices: a Leitweg-ID, an order's number
    electronic_address jsonb,   -- where they go: `scheme`, `value`
    zone            text,       -- null: the account's
    language        text        CHECK (language IN ('en', 'de', 'fr', 'es', 'it', 'nl', 'pt', 'ja')),  -- likewise
    reminders_enabled boolean   NOT NULL DEFAULT true,
    metadata        jsonb       NOT NULL,
    created_at      timestamptz NOT NULL,
    decided_at      timestamptz NOT NULL,  -- `now` of the last decision: none may be taken before it
    erased_at       timestamptz,
    -- Counts the changes of the customer and of all that it owns: what was read at one is true at it.
    revision        bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, customer_id),
    CHECK (tax_category IS NULL OR (tax_rate IS NOT NULL
           AND (tax_rate > 0) = (tax_category IN ('STANDARD', 'REDUCED')))),
    CHECK (tax_category <> 'REVERSE_CHARGE' OR tax_id IS NOT NULL),
    CHECK (tax_exemption_reason IS NULL OR coalesce(tax_category IN ('EXEMPT', 'OUTSIDE_SCOPE'), false))
) WITH (fillfactor = 80);  -- each event writes its row anew: there is room for it on its page
CREATE INDEX customers_newest ON customers (account_id, created_at DESC, customer_id DESC);

-- One reference names one customer of the account: an account-wide identity, kept apart from the rows.
CREATE TABLE customer_references (
    account_id  uuid NOT NULL REFERENCES accounts,
    reference   text NOT NULL,
    customer_id uuid NOT NULL,
    PRIMARY KEY (account_id, reference)
);

-- Subscriptions ----------------------------------------------------------------------------------

CREATE TABLE subscriptions (
    account_id      uuid        NOT NULL,
    customer_id     uuid        NOT NULL,
    subscription_id uuid        NOT NULL,
    plan_id         uuid        NOT NULL,
    version_id      uuid        NOT NULL,
    status          text        NOT NULL CHECK (status IN
                        ('INCOMPLETE', 'TRIALING', 'ACTIVE', 'PAST_DUE', 'CANCELLED', 'EXPIRED')),
    zone            text        NOT NULL,
    grace_days      integer     NOT NULL CHECK (grace_days BETWEEN 0 AND 365),
    anchor_at       timestamptz,           -- null until the first payment
    anchor_seq      integer     NOT NULL,  -- the period that starts at the anchor
    anchor_day      integer     CHECK (anchor_day BETWEEN 1 AND 31),
    seq             integer     NOT NULL CHECK (seq >= -1),  -- of the newest period; -1: none yet
    expires_at      timestamptz,           -- INCOMPLETE: when it is given up
    trial_ends_at   timestamptz,
    cancel_mode     text        CHECK (cancel_mode IN ('END_OF_PERIOD', 'IMMEDIATE')),
    cancel_at       timestamptz,
    cancelled_at    timestamptz,
    settle          boolean     NOT NULL,  -- false: what was used after the last period is forgiven
    next_due_at     timestamptz,           -- the earliest instant at which time alone changes something
    parked_at       timestamptz,           -- a step failed: when, why, how often
    parked_reason   text,
    parked_count    integer     NOT NULL,
    metadata        jsonb       NOT NULL,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (account_id, customer_id, subscription_id),
    FOREIGN KEY (account_id, customer_id) REFERENCES customers,
    FOREIGN KEY (account_id, plan_id) REFERENCES plans,
    FOREIGN KEY (account_id, version_id) REFERENCES plan_versions,
    CHECK ((cancel_at IS NULL) = (cancel_mode IS NULL))
);
CREATE INDEX subscriptions_due ON subscriptions (account_id, next_due_at) WHERE next_due_at IS NOT NULL;
CREATE INDEX subscriptions_newest ON subscriptions (account_id, created_at DESC, subscription_id DESC);
CREATE INDEX subscriptions_id ON subscriptions (subscription_id);

CREATE TABLE pending_changes (
    account_id      uuid        NOT NULL,
    customer_id     uuid        NOT NULL,
    subscription_id uuid        NOT NULL,
    version_id      uuid        NOT NULL,
    plan_id         uuid        NOT NULL,
    requested_at    timestamptz NOT NULL,
    invoice_id      uuid,  -- waits for this invoice to be paid; null: for the period's end
    -- One pending change at a time: a newer one replaces it.
    PRIMARY KEY (account_id, customer_id, subscription_id),
    FOREIGN KEY (account_id, customer_id, subscription_id) REFERENCES subscriptions,
    FOREIGN KEY (account_id, version_id) REFERENCES plan_versions
);

CREATE TABLE periods (
    account_id      uuid        NOT NULL,
    customer_id     uuid        NOT NULL,
    subscription_id uuid        NOT NULL,
    seq             integer     NOT NULL CHECK (seq >= 0),
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL,
    planned_ends_at timestamptz NOT NULL,  -- as it was opened; ends_at is earlier when it was cut
    is_trial        boolean     NOT NULL,
    anchor_at       timestamptz NOT NULL,  -- what it was counted from
    anchor_day      integer     CHECK (anchor_day BETWEEN 1 AND 31),
    usage_from_seq  integer     NOT NULL,  -- earlier periods whose usage counts toward this one's limits
    closed_at       timestamptz,           -- its boundary was taken
    billed_at       timestamptz,           -- its usage went onto an invoice; what comes later is late
    collect_at      timestamptz,           -- when that happens, where it waits after the boundary
    PRIMARY KEY (account_id, customer_id, subscription_id, seq),
    FOREIGN KEY (account_id, customer_id, subscription_id) REFERENCES subscriptions,
    CHECK (starts_at <= ends_at AND ends_at <= planned_ends_at AND starts_at < planned_ends_at),
    CHECK (usage_from_seq BETWEEN 0 AND seq)
);
CREATE UNIQUE INDEX periods_start ON periods (account_id, customer_id, subscription_id, starts_at)
    WHERE starts_at < ends_at;

-- Money ------------------------------------------------------------------------------------------

CREATE TABLE invoices (
    account_id      uuid        NOT NULL,
    customer_id     uuid        NOT NULL,
    invoice_id      uuid        NOT NULL,
    subscription_id uuid,
    seq             integer,               -- the period that it charges
    kind            text        NOT NULL CHECK (kind IN
                        ('SUBSCRIPTION', 'ADJUSTMENT', 'FINAL', 'CREDIT_PURCHASE', 'ONE_OFF')),
    n               integer     NOT NULL CHECK (n >= 0),
    status          text        NOT NULL CHECK (status IN
                        ('PENDING', 'DUE', 'PAST_DUE', 'UNCOLLECTIBLE', 'PAID', 'VOID')),
    number          text,
    currency        text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    subtotal        numeric     NOT NULL CHECK (subtotal >= 0 AND subtotal < 'Infinity'),
    tax_rate        numeric     NOT NULL CHECK (tax_rate >= 0 AND tax_rate <= 100 AND tax_rate < 'Infinity'),
    tax_category    text        CHECK (tax_category IN
                        ('STANDARD', 'REDUCED', 'ZERO', 'REVERSE_CHARGE', 'EXEMPT', 'OUTSIDE_SCOPE')),
    tax_exemption_reason text,
    tax_amount      numeric     NOT NULL CHECK (tax_amount >= 0 AND tax_amount < 'Infinity'),
    amount          numeric     NOT NULL CHECK (amount = subtotal + tax_amount),
    amount_paid     numeric     NOT NULL CHECK (amount_paid >= 0 AND amount_paid <= amount),
    issued_at       timestamptz,
    due_at          timestamptz,
    past_due_at     timestamptz,
    paid_at         timestamptz,
    reopened_at     timestamptz,           -- the payment that had settled it was reversed
    voided_at       timestamptz,
    void_reason     text,
    voided_by_end   boolean     NOT NULL DEFAULT false,  -- its subscription was cancelled at once
    written_off_at  timestamptz,           -- given up by the seller; it may have been paid since
    write_off_reason text,
    memo            text,                  -- what a ONE_OFF says above its lines
    parties         jsonb,                 -- seller and customer, as they were when it was issued
    replaced_by     uuid,
    purchase_denomination text,            -- CREDIT_PURCHASE: what it brings when it is paid
    purchase_credits      numeric   CHECK (purchase_credits > 0 AND purchase_credits < 'Infinity'),
    starts_at       timestamptz,
    ends_at         timestamptz,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (account_id, customer_id, invoice_id),
    FOREIGN KEY (account_id, customer_id) REFERENCES customers,
    FOREIGN KEY (account_id, customer_id, subscription_id) REFERENCES subscriptions,
    CHECK ((subscription_id IS NULL) = (seq IS NULL)),
    CHECK ((kind = 'CREDIT_PURCHASE') = (purchase_denomination IS NOT NULL)
           AND (kind = 'CREDIT_PURCHASE') = (purchase_credits IS NOT NULL)),
    CHECK (status <> 'PENDING' OR number IS NULL),
    CHECK ((number IS NULL) = (issued_at IS NULL) AND (number IS NULL) = (due_at IS NULL)
           AND (number IS NULL) = (past_due_at IS NULL)),
    CHECK (number IS NOT NULL OR status IN ('PENDING', 'VOID')),   -- a voided PENDING never had one
    CHECK ((status = 'PAID') = (paid_at IS NOT NULL)),
    CHECK (status <> 'PAID' OR amount_paid = amount),
    CHECK ((status = 'VOID') = (voided_at IS NOT NULL)),
    CHECK (status = 'VOID' OR NOT voided_by_end),
    CHECK (status <> 'UNCOLLECTIBLE' OR written_off_at IS NOT NULL),
    CHECK ((written_off_at IS NULL) = (write_off_reason IS NULL)),
    CHECK (memo IS NULL OR kind = 'ONE_OFF'),
    CHECK ((number IS NULL) = (parties IS NULL)),
    CHECK (status <> 'VOID' OR amount_paid = 0),
    CHECK ((starts_at IS NULL) = (ends_at IS NULL)),
    CHECK ((tax_rate > 0) = coalesce(tax_category IN ('STANDARD', 'REDUCED'), false)),
    CHECK (tax_exemption_reason IS NULL OR coalesce(tax_category IN ('EXEMPT', 'OUTSIDE_SCOPE'), false))
);
-- The last word against billing twice: one document of a kind for a period and an occasion.
CREATE UNIQUE INDEX invoices_identity ON invoices (account_id, customer_id, subscription_id, seq, kind, n)
    WHERE subscription_id IS NOT NULL;
CREATE INDEX invoices_newest ON invoices (account_id, customer_id, created_at DESC, invoice_id DESC);
CREATE INDEX invoices_account_newest ON invoices (account_id, created_at DESC, invoice_id DESC);
CREATE INDEX invoices_open ON invoices (account_id, customer_id)
    WHERE status IN ('PENDING', 'DUE', 'PAST_DUE', 'UNCOLLECTIBLE');
-- Without a subscription nothing else remembers when its grace is over.
CREATE INDEX invoices_due ON invoices (account_id, past_due_at)
    WHERE subscription_id IS NULL AND status = 'DUE';
CREATE INDEX invoices_id ON invoices (invoice_id);

CREATE TABLE invoice_lines (
    account_id  uuid    NOT NULL,
    customer_id uuid    NOT NULL,
    invoice_id  uuid    NOT NULL,
    position    integer NOT NULL CHECK (position >= 0),
    kind        text    NOT NULL CHECK (kind IN
                    ('BASE', 'USAGE', 'LATE_USAGE', 'UNUSED_TIME', 'REMAINING_TIME', 'ELAPSED_TIME',
                     'REVERSED_PAYMENT', 'OTHER')),
    description text    NOT NULL,
    feature_key text,
    quantity    numeric CHECK (quantity > '-Infinity' AND quantity < 'Infinity'),
    unit_price  numeric CHECK (unit_price > '-Infinity' AND unit_price < 'Infinity'),
    amount      numeric NOT NULL CHECK (amount > '-Infinity' AND amount < 'Infinity'),
    starts_at   timestamptz,
    ends_at     timestamptz,
    elapsed_us  bigint,               -- the share of time charged: numerator …
    length_us   bigint,               -- … and denominator, microseconds
    calculation jsonb,                -- how the amount came about; null: a price, or quantity × unit price
    PRIMARY KEY (account_id, customer_id, invoice_id, position),
    FOREIGN KEY (account_id, customer_id, invoice_id) REFERENCES invoices
);

-- What was charged for one version from an instant to the period's end; n counts the plan changes of
-- the period. In arrears nothing is charged ahead (charge 0) and the row only tells the version in force.
CREATE TABLE segments (
    account_id      uuid        NOT NULL,
    customer_id     uuid        NOT NULL,
    subscription_id uuid        NOT NULL,
    seq             integer     NOT NULL,
    n               integer     NOT NULL CHECK (n >= 0),
    version_id      uuid        NOT NULL,
    starts_at       timestamptz NOT NULL,
    charge          numeric     NOT NULL CHECK (charge >= 0 AND charge < 'Infinity'),
    invoice_id      uuid,
    undone_at       timestamptz,          -- its unpaid adjustment was voided: the change did not happen
    PRIMARY KEY (account_id, customer_id, subscription_id, seq, n),
    FOREIGN KEY (account_id, customer_id, subscription_id, seq) REFERENCES periods,
    FOREIGN KEY (account_id, version_id) REFERENCES plan_versions,
    FOREIGN KEY (account_id, customer_id, invoice_id) REFERENCES invoices
);

CREATE TABLE payments (
    account_id  uuid        NOT NULL,
    customer_id uuid        NOT NULL,
    payment_id  uuid        NOT NULL,
    currency    text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount      numeric     NOT NULL CHECK (amount > 0 AND amount < 'Infinity'),
    method      text,
    reference   text,
    note        text,
    paid_at     timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    reversed_at timestamptz,
    reversal_reason text,
    PRIMARY KEY (account_id, customer_id, payment_id),
    FOREIGN KEY (account_id, customer_id) REFERENCES customers,
    CHECK (reversal_reason IS NULL OR reversed_at IS NOT NULL)
);
CREATE INDEX payments_id ON payments (payment_id);
CREATE INDEX payments_newest ON payments (account_id, recorded_at DESC, payment_id DESC);
-- A reference is a payment's identity: the same transfer is booked once however often it is reported.
CREATE UNIQUE INDEX payments_reference ON payments (account_id, customer_id, reference)
    WHERE reference IS NOT NULL;

-- Files of banks that were read; the counts are of all its entries, as they stood after the import.
CREATE TABLE statements (
    account_id   uuid        NOT NULL REFERENCES accounts,
    statement_id uuid        NOT NULL,
    sha256       bytea       NOT NULL CHECK (length(sha256) = 32),  -- of the file
    format       text        NOT NULL CHECK (format IN ('camt.053', 'MT940', 'CSV')),
    file_name    text,
    imported_at  timestamptz NOT NULL,
    entries      integer     NOT NULL CHECK (entries >= 0),
    known        integer     NOT NULL CHECK (known BETWEEN 0 AND entries),  -- before it was read
    applied      integer     NOT NULL CHECK (applied >= 0),
    proposed     integer     NOT NULL CHECK (proposed >= 0),
    unmatched    integer     NOT NULL CHECK (unmatched >= 0),
    ignored      integer     NOT NULL CHECK (ignored >= 0),
    is_done      boolean     NOT NULL,  -- false: some that reach the threshold are not applied yet
    notes        jsonb       NOT NULL,
    PRIMARY KEY (account_id, statement_id),
    CHECK (applied + proposed + unmatched + ignored = entries)
);
CREATE INDEX statements_newest ON statements (account_id, imported_at DESC, statement_id DESC);

-- What a bank has booked, each entry once however often its file comes. It is nobody's until it is
-- applied: then its parts are payments of customers.
CREATE TABLE statement_entries (
    account_id           uuid    NOT NULL,
    entry_id             uuid    NOT NULL,
    statement_id         uuid    NOT NULL,  -- the first that brought it
    identity             text    NOT NULL,  -- of the account, the bank's reference and all that it says
    booked_on            date    NOT NULL,
    value_on             date    NOT NULL,
    amount               numeric NOT NULL CHECK (amount <> 0 AND amount > '-Infinity' AND amount < 'Infinity'),
    currency             text    NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    account              text    NOT NULL,  -- '' in this and the next: not told
    payer_name           text    NOT NULL,
    payer_account        text    NOT NULL,
    text                 text    NOT NULL,
    structured_reference text    NOT NULL,
    end_to_end_id        text    NOT NULL,
    reference            text    NOT NULL,
    kind                 text    NOT NULL,
    reversal             boolean NOT NULL,
    instructed_amount    numeric CHECK (instructed_amount > '-Infinity' AND instructed_amount < 'Infinity'),
    instructed_currency  text    NOT NULL,
    open                 numeric NOT NULL CHECK (open >= 0 AND open <= abs(amount)),  -- not applied
    ignored_at           timestamptz,
    ignored_note         text,
    takes_back           uuid,   -- a debit: the payment that it took back
    PRIMARY KEY (account_id, entry_id),
    FOREIGN KEY (account_id, statement_id) REFERENCES statements,
    CHECK ((ignored_at IS NULL) = (ignored_note IS NULL)),
    CHECK (takes_back IS NULL OR (amount < 0 AND open = 0)),
    CHECK (amount > 0 OR takes_back IS NOT NULL OR open = - amount)
);
CREATE UNIQUE INDEX statement_entries_identity ON statement_entries (account_id, identity);
CREATE INDEX statement_entries_newest ON statement_entries (account_id, booked_on DESC, entry_id DESC);
CREATE INDEX statement_entries_open ON statement_entries (account_id, booked_on DESC, entry_id DESC)
    WHERE open > 0 AND ignored_at IS NULL;
-- A payment is taken back once.
CREATE UNIQUE INDEX statement_entries_takes_back ON statement_entries (account_id, takes_back)
    WHERE takes_back IS NOT NULL;

-- What of an entry became which payment. Undone: the money is the entry's again.
CREATE TABLE statement_parts (
    account_id  uuid        NOT NULL,
    customer_id uuid        NOT NULL,
    payment_id  uuid        NOT NULL,
    entry_id    uuid        NOT NULL,
    undone_at   timestamptz,
    PRIMARY KEY (account_id, customer_id, payment_id),
    FOREIGN KEY (account_id, customer_id, payment_id) REFERENCES payments,
    FOREIGN KEY (account_id, entry_id) REFERENCES statement_entries
);
CREATE INDEX statement_parts_entry ON statement_parts (account_id, entry_id);

CREATE TABLE credit_notes (
    account_id      uuid        NOT NULL,
    customer_id     uuid        NOT NULL,
    credit_note_id  uuid        NOT NULL,
    subscription_id uuid        NOT NULL,
    seq             integer     NOT NULL,
    kind            text        NOT NULL CHECK (kind IN ('PLAN_CHANGE', 'CANCELLATION', 'LATE_USAGE')),
    n               integer     NOT NULL CHECK (n >= 0),
    number          text        NOT NULL,
    currency        text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    subtotal        numeric     NOT NULL CHECK (subtotal > 0 AND subtotal < 'Infinity'),
    tax_rate        numeric     NOT NULL CHECK (tax_rate >= 0 AND tax_rate <= 100 AND tax_rate < 'Infinity'),
    tax_category    text        CHECK (tax_category IN
                        ('STANDARD', 'REDUCED', 'ZERO', 'REVERSE_CHARGE', 'EXEMPT', 'OUTSIDE_SCOPE')),
    tax_exemption_reason text,
    tax_amount      numeric     NOT NULL CHECK (tax_amount >= 0 AND tax_amount < 'Infinity'),
    amount          numeric     NOT NULL CHECK (amount = subtotal + tax_amount),
    invoice_ids     uuid[]      NOT NULL,
    lines           jsonb       NOT NULL,
    issued_at       timestamptz NOT NULL,
    parties         jsonb       NOT NULL,  -- seller and customer, as they were then
    PRIMARY KEY (account_id, customer_id, credit_note_id),
    FOREIGN KEY (account_id, customer_id, subscription_id) REFERENCES subscriptions,
    CHECK ((tax_rate > 0) = coalesce(tax_category IN ('STANDARD', 'REDUCED'), false)),
    CHECK (tax_exemption_reason IS NULL OR coalesce(tax_category IN ('EXEMPT', 'OUTSIDE_SCOPE'), false))
);
CREATE INDEX credit_notes_id ON credit_notes (credit_note_id);
CREATE UNIQUE INDEX credit_notes_identity
    ON credit_notes (account_id, customer_id, subscription_id, seq, kind, n);

-- A reminder of an invoice is sent once at each level; written down before anything is sent, so that
-- one whose end nobody has seen is not sent again. claimed_at, next_try_at and sent_at are real time.
CREATE TABLE reminders (
    account_id  uuid        NOT NULL,
    customer_id uuid        NOT NULL,
    invoice_id  uuid        NOT NULL,
    level       integer     NOT NULL CHECK (level >= 1),
    state       text        NOT NULL CHECK (state IN
                    ('PLANNED', 'SENDING', 'SENT', 'FAILED', 'UNKNOWN', 'SKIPPED')),
    reason      text,
    recipient   text,                      -- null: erased
    attempts    integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    planned_at  timestamptz NOT NULL,      -- by the account's clock
    next_try_at timestamptz,
    claimed_at  timestamptz,
    sent_at     timestamptz,
    PRIMARY KEY (account_id, customer_id, invoice_id, level),
    FOREIGN KEY (account_id, customer_id, invoice_id) REFERENCES invoices,
    CHECK ((state = 'SENT') = (sent_at IS NOT NULL)),
    CHECK (state <> 'PLANNED' OR next_try_at IS NOT NULL)
);
CREATE INDEX reminders_waiting ON reminders (next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX reminders_sending ON reminders (claimed_at) WHERE state = 'SENDING';
CREATE INDEX reminders_newest ON reminders (account_id, planned_at DESC);

-- Where money came to rest: each row moves an amount from one source onto one invoice (or, negative,
-- off it again). Σ of an invoice's rows = its amount_paid. Append-only.
CREATE TABLE applications (
    account_id     uuid        NOT NULL,
    customer_id    uuid        NOT NULL,
    application_id uuid        NOT NULL,
    invoice_id     uuid        NOT NULL,
    source         text        NOT NULL CHECK (source IN ('PAYMENT', 'BALANCE', 'CREDIT_NOTE')),
    source_id      uuid,       -- the payment or credit note; null: the customer's balance
    amount         numeric     NOT NULL CHECK (amount <> 0 AND amount > '-Infinity' AND amount < 'Infinity'),
    applied_at     timestamptz NOT NULL,
    PRIMARY KEY (account_id, customer_id, application_id),
    FOREIGN KEY (account_id, customer_id, invoice_id) REFERENCES invoices,
    CHECK ((source = 'BALANCE') = (source_id IS NULL))
);
CREATE INDEX applications_source ON applications (account_id, source_id) WHERE source_id IS NOT NULL;
CREATE INDEX applications_invoice ON applications (account_id, customer_id, invoice_id);

CREATE TABLE balances (
    account_id  uuid    NOT NULL,
    customer_id uuid    NOT NULL,
    currency    text    NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount      numeric NOT NULL CHECK (amount >= 0 AND amount < 'Infinity'),
    PRIMARY KEY (account_id, customer_id, currency),
    FOREIGN KEY (account_id, customer_id) REFERENCES customers
);

-- Σ of a currency's entries = its balance. Append-only.
CREATE TABLE balance_entries (
    account_id  uuid        NOT NULL,
    customer_id uuid        NOT NULL,
    entry_id    uuid        NOT NULL,
    currency    text        NOT NULL,
    amount      numeric     NOT NULL CHECK (amount <> 0 AND amount > '-Infinity' AND amount < 'Infinity'),
    kind        text        NOT NULL CHECK (kind IN
                    ('OVERPAYMENT', 'CREDIT_NOTE', 'VOIDED_INVOICE', 'SPENT', 'PAYMENT', 'PAYOUT', 'REVERSAL',
                     'REOPENED')),
    source_id   uuid        NOT NULL,   -- the payment, credit note or invoice
    at          timestamptz NOT NULL,
    PRIMARY KEY (account_id, customer_id, entry_id),
    FOREIGN KEY (account_id, customer_id, currency) REFERENCES balances
);

-- What was issued never changes, whoever writes: docs/decisions/0011-*.md. They hold it, and decide
-- nothing; what is compared in WHEN calls no function. A line that is added is seen by `usance verify`.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was issued never changes: %', TG_TABLE_NAME
          USING ERRCODE = 'check_violation', CONSTRAINT = 'issued_never_changes';
END
$$;

CREATE FUNCTION refuse_change_of_issued_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM invoices i
                WHERE i.account_id = OLD.account_id
                  AND i.customer_id = OLD.customer_id
                  AND i.invoice_id = OLD.invoice_id
                  AND i.number IS NOT NULL) THEN
        RAISE EXCEPTION 'what was issued never changes: %', TG_TABLE_NAME
              USING ERRCODE = 'check_violation', CONSTRAINT = 'issued_never_changes';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;

-- Money, status, the invoice that replaces it and, once, a first invoice's period are noted on it.
CREATE TRIGGER invoices_issued BEFORE UPDATE ON invoices FOR EACH ROW
    WHEN (OLD.number IS NOT NULL
          AND ((OLD.account_id, OLD.customer_id, OLD.invoice_id, OLD.subscription_id, OLD.seq, OLD.kind, OLD.n,
                OLD.number, OLD.currency, OLD.subtotal, OLD.tax_rate, OLD.tax_category, OLD.tax_exemption_reason,
                OLD.tax_amount, OLD.amount,
                OLD.issued_at, OLD.due_at, OLD.past_due_at, OLD.memo, OLD.parties,
                OLD.purchase_denomination, OLD.purchase_credits, OLD.created_at)
               IS DISTINCT FROM
               (NEW.account_id, NEW.customer_id, NEW.invoice_id, NEW.subscription_id, NEW.seq, NEW.kind, NEW.n,
                NEW.number, NEW.currency, NEW.subtotal, NEW.tax_rate, NEW.tax_category, NEW.tax_exemption_reason,
                NEW.tax_amount, NEW.amount,
                NEW.issued_at, NEW.due_at, NEW.past_due_at, NEW.memo, NEW.parties,
                NEW.purchase_denomination, NEW.purchase_credits, NEW.created_at)
               OR (OLD.starts_at IS NOT NULL
                   AND (OLD.starts_at, OLD.ends_at) IS DISTINCT FROM (NEW.starts_at, NEW.ends_at))
               OR (OLD.status = 'VOID' AND NEW.status <> 'VOID')))
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER invoices_kept BEFORE DELETE ON invoices FOR EACH ROW
    WHEN (OLD.number IS NOT NULL)
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER invoice_lines_issued BEFORE UPDATE OR DELETE ON invoice_lines FOR EACH ROW
    EXECUTE FUNCTION refuse_change_of_issued_line();
CREATE TRIGGER credit_notes_issued BEFORE UPDATE OR DELETE ON credit_notes FOR EACH ROW
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER document_numbers_given BEFORE UPDATE OR DELETE ON document_numbers FOR EACH ROW
    EXECUTE FUNCTION refuse_change();

-- Usage ------------------------------------------------------------------------------------------

-- What a period has of a feature, kept in the event's own transaction: a check and a bill read one
-- row per version, never the events. "window" numbers the months of a longer period for terms that
-- say `every: MONTH`.
CREATE TABLE counters (
    account_id      uuid    NOT NULL,
    customer_id     uuid    NOT NULL,
    subscription_id uuid    NOT NULL,
    seq             integer NOT NULL,
    feature_key     text    NOT NULL,
    version_id      uuid    NOT NULL,
    "window"        integer NOT NULL CHECK ("window" >= 0),
    units           numeric NOT NULL CHECK (units >= 0 AND units < 'Infinity'),      -- billable
    covered         numeric NOT NULL CHECK (covered >= 0 AND covered <= units),  -- … of them paid by credits
    events          bigint  NOT NULL CHECK (events >= 0),
    billed_units    numeric NOT NULL CHECK (billed_units >= 0 AND billed_units < 'Infinity'),
    billed_amount   numeric NOT NULL CHECK (billed_amount >= 0 AND billed_amount < 'Infinity'),
    awaits_invoice  boolean NOT NULL,  -- its period is closed, and something in it is not billed yet
    billed_by       uuid,              -- the invoice that charged it last …
    billed_tax_rate numeric CHECK (billed_tax_rate >= 0 AND billed_tax_rate <= 100), -- … at this rate
    billed_tax_category text CHECK (billed_tax_category IN
                        ('STANDARD', 'REDUCED', 'ZERO', 'REVERSE_CHARGE', 'EXEMPT', 'OUTSIDE_SCOPE')),
    billed_tax_exemption_reason text,
    forgiven        numeric[] NOT NULL,  -- from, to, from, to …: what of it stood on invoices that the seller voided
    PRIMARY KEY (account_id, customer_id, subscription_id, seq, feature_key, version_id, "window"),
    FOREIGN KEY (account_id, customer_id, subscription_id, seq) REFERENCES periods,
    FOREIGN KEY (account_id, customer_id, billed_by) REFERENCES invoices,
    FOREIGN KEY (account_id, version_id) REFERENCES plan_versions,
    CHECK (billed_by IS NULL OR billed_tax_rate IS NOT NULL),
    CHECK (cardinality(forgiven) % 2 = 0 AND 0 <= ALL (forgiven) AND 'Infinity' > ALL (forgiven)),
    CHECK ((coalesce(billed_tax_rate, 0) > 0)
           = coalesce(billed_tax_category IN ('STANDARD', 'REDUCED'), false))
) WITH (fillfactor = 80);  -- each event writes its row anew: there is room for it on its page
CREATE INDEX counters_awaiting ON counters (account_id, customer_id, subscription_id) WHERE awaits_invoice;

-- The distinct values of a `unique` aggregation; a value counts once a period.
CREATE TABLE counter_values (
    account_id      uuid    NOT NULL,
    customer_id     uuid    NOT NULL,
    subscription_id uuid    NOT NULL,
    seq             integer NOT NULL,
    feature_key     text    NOT NULL,
    version_id      uuid    NOT NULL,
    "window"        integer NOT NULL,
    value           bytea   NOT NULL CHECK (length(value) = 32),
    -- The value early: whether an event's is known is asked without knowing which counters it meets.
    PRIMARY KEY (account_id, customer_id, value, subscription_id, seq, feature_key, version_id, "window"),
    FOREIGN KEY (account_id, customer_id, subscription_id, seq) REFERENCES periods
);

-- Units and credits set aside between a check and its event; over by itself at expires_at.
CREATE TABLE holds (
    account_id      uuid        NOT NULL,
    customer_id     uuid        NOT NULL,
    hold_id         uuid        NOT NULL,
    key             text        NOT NULL,  -- the caller's, else the id
    fingerprint     bytea       NOT NULL CHECK (length(fingerprint) = 32),
    subscription_id uuid        NOT NULL,
    seq             integer     NOT NULL,
    feature_key     text        NOT NULL,
    version_id      uuid        NOT NULL,
    "window"        integer     NOT NULL,
    units           numeric     NOT NULL CHECK (units >= 0 AND units < 'Infinity'),
    model           text,
    denomination    text,
    credits         numeric     NOT NULL CHECK (credits >= 0 AND credits < 'Infinity'),
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    status          text        NOT NULL CHECK (status IN ('HELD', 'SETTLED', 'RELEASED')),
    closed_at       timestamptz,
    event_id        uuid,                  -- of the event that settled it
    PRIMARY KEY (account_id, customer_id, hold_id),
    UNIQUE (account_id, customer_id, key),
    FOREIGN KEY (account_id, customer_id, subscription_id, seq) REFERENCES periods,
    CHECK (expires_at > created_at),
    CHECK ((status = 'HELD') = (closed_at IS NULL)),
    CHECK ((status = 'SETTLED') = (event_id IS NOT NULL))
);
CREATE INDEX holds_open ON holds (account_id, customer_id, expires_at) WHERE status = 'HELD';
CREATE INDEX holds_by_id ON holds (account_id, hold_id);

-- Identity of an event for ever: a partitioned table could not hold this key.
CREATE TABLE event_keys (
    account_id  uuid        NOT NULL,
    customer_id uuid        NOT NULL,
    key         text        NOT NULL,
    event_id    uuid        NOT NULL,
    recorded_at timestamptz NOT NULL,
    fingerprint bytea       NOT NULL CHECK (length(fingerprint) = 32),
    PRIMARY KEY (account_id, customer_id, key),
    FOREIGN KEY (account_id, customer_id) REFERENCES customers
);

CREATE TABLE usage_events (
    account_id      uuid        NOT NULL,
    customer_id     uuid        NOT NULL,
    event_id        uuid        NOT NULL,
    recorded_at     timestamptz NOT NULL,
    occurred_at     timestamptz NOT NULL,
    key             text        NOT NULL,
    name            text        NOT NULL,
    feature_key     text,
    subscription_id uuid,       -- what it matched; null: stored for cost alone
    seq             integer,
    version_id      uuid,
    "window"        integer,
    units           numeric     NOT NULL CHECK (units > '-Infinity' AND units < 'Infinity'),
    billable        numeric     NOT NULL CHECK (billable > '-Infinity' AND billable < 'Infinity'),
    covered         numeric     NOT NULL CHECK (covered > '-Infinity' AND covered < 'Infinity'),
    credits         numeric     NOT NULL CHECK (credits > '-Infinity' AND credits < 'Infinity'),
    cost_amount     numeric     CHECK (cost_amount > '-Infinity' AND cost_amount < 'Infinity'),
    cost_currency   text,
    cost_detail     jsonb,
    revenue_amount  numeric     CHECK (revenue_amount > '-Infinity' AND revenue_amount < 'Infinity'),
    model           text,
    flow_id         text,
    meta            jsonb,
    receipt         jsonb       NOT NULL,
    PRIMARY KEY (account_id, customer_id, event_id, recorded_at),
    -- Units below zero are a correction's: what it takes off.
    CHECK (CASE WHEN units < 0 THEN billable <= covered AND covered <= 0 AND credits <= 0
                ELSE billable >= covered AND covered >= 0 AND credits >= 0 END)
) PARTITION BY RANGE (recorded_at);
CREATE INDEX usage_events_customer ON usage_events (account_id, customer_id, recorded_at DESC, event_id DESC);

-- What corrections took off which event. Not in the months' tables, of which one may be archived.
CREATE TABLE event_corrections (
    account_id    uuid    NOT NULL,
    customer_id   uuid    NOT NULL,
    event_id      uuid    NOT NULL,  -- the event that is corrected
    correction_id uuid    NOT NULL,  -- the event that corrects it
    units         numeric NOT NULL CHECK (units > 0 AND units < 'Infinity'),
    credits       numeric NOT NULL CHECK (credits >= 0 AND credits < 'Infinity'),
    PRIMARY KEY (account_id, customer_id, event_id, correction_id),
    FOREIGN KEY (account_id, customer_id) REFERENCES customers
);

-- Catches what no month's partition holds, so an event is never refused for want of a table.
CREATE TABLE usage_events_rest PARTITION OF usage_events DEFAULT;

-- Costs ------------------------------------------------------------------------------------------

-- What usage costs the seller, published for an instant and append-only once it has come.
CREATE TABLE feature_costs (
    account_id     uuid        NOT NULL,
    cost_id        uuid        NOT NULL,
    feature_key    text        NOT NULL,
    cost_per_unit  numeric     CHECK (cost_per_unit >= 0 AND cost_per_unit < 'Infinity'),  -- null: no rule any more
    currency       text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    effective_from timestamptz NOT NULL,
    published_at   timestamptz NOT NULL,
    PRIMARY KEY (account_id, cost_id),
    FOREIGN KEY (account_id, feature_key) REFERENCES features (account_id, key)
);
CREATE UNIQUE INDEX feature_costs_instant ON feature_costs (account_id, feature_key, effective_from);

-- Prices of tokens are for a million; input and output null: as listed again.
CREATE TABLE model_prices (
    account_id         uuid        NOT NULL REFERENCES accounts,
    model_price_id     uuid        NOT NULL,
    provider           text        NOT NULL,  -- '': whoever offers the model
    model              text        NOT NULL,
    currency           text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    input_price        numeric     CHECK (input_price >= 0 AND input_price < 'Infinity'),
    output_price       numeric     CHECK (output_price >= 0 AND output_price < 'Infinity'),
    cached_input_price numeric     CHECK (cached_input_price >= 0 AND cached_input_price < 'Infinity'),
    reasoning_price    numeric     CHECK (reasoning_price >= 0 AND reasoning_price < 'Infinity'),
    request_price      numeric     CHECK (request_price >= 0 AND request_price < 'Infinity'),
    effective_from     timestamptz NOT NULL,
    published_at       timestamptz NOT NULL,
    PRIMARY KEY (account_id, model_price_id),
    CHECK ((input_price IS NULL) = (output_price IS NULL)),
    CHECK (input_price IS NOT NULL
           OR coalesce(cached_input_price, reasoning_price, request_price) IS NULL)
);
CREATE UNIQUE INDEX model_prices_instant ON model_prices (account_id, provider, model, effective_from);

-- Credits ----------------------------------------------------------------------------------------

-- Prices and weights are published for an instant and append-only once it has come.
CREATE TABLE credit_prices (
    account_id       uuid        NOT NULL,
    price_id         uuid        NOT NULL,
    denomination     text        NOT NULL,
    currency         text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    price_per_credit numeric     NOT NULL CHECK (price_per_credit > 0 AND price_per_credit < 'Infinity'),
    effective_from   timestamptz NOT NULL,
    published_at     timestamptz NOT NULL,
    PRIMARY KEY (account_id, price_id),
    FOREIGN KEY (account_id, denomination) REFERENCES credit_models
);
CREATE UNIQUE INDEX credit_prices_instant
    ON credit_prices (account_id, denomination, currency, effective_from);

CREATE TABLE credit_weights (
    account_id     uuid        NOT NULL,
    weight_id      uuid        NOT NULL,
    feature_key    text        NOT NULL,
    model          text        NOT NULL,  -- '': for every model
    weight         numeric     NOT NULL CHECK (weight > 0 AND weight < 'Infinity'),
    effective_from timestamptz NOT NULL,
    published_at   timestamptz NOT NULL,
    PRIMARY KEY (account_id, weight_id),
    FOREIGN KEY (account_id, feature_key) REFERENCES features (account_id, key)
);
CREATE UNIQUE INDEX credit_weights_instant
    ON credit_weights (account_id, feature_key, model, effective_from);

CREATE TABLE credit_pools (
    account_id   uuid        NOT NULL,
    customer_id  uuid        NOT NULL,
    pool_id      uuid        NOT NULL,
    denomination text        NOT NULL,
    hard_limit   boolean     NOT NULL,
    overdraft    numeric     NOT NULL CHECK (overdraft >= 0 AND overdraft < 'Infinity'),
    granted      numeric     NOT NULL CHECK (granted >= 0 AND granted < 'Infinity'),
    consumed     numeric     NOT NULL CHECK (consumed >= 0 AND consumed < 'Infinity'),
    expired      numeric     NOT NULL CHECK (expired >= 0 AND expired < 'Infinity'),
    clawed       numeric     NOT NULL CHECK (clawed >= 0 AND clawed < 'Infinity'),
    transactions bigint      NOT NULL CHECK (transactions >= 0),
    next_due_at  timestamptz,           -- the soonest expiry of a grant with something left
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (account_id, customer_id, pool_id),
    FOREIGN KEY (account_id, customer_id) REFERENCES customers,
    FOREIGN KEY (account_id, denomination) REFERENCES credit_models,
    CHECK (NOT hard_limit OR overdraft = 0)
) WITH (fillfactor = 80);  -- each event writes its row anew: there is room for it on its page
CREATE UNIQUE INDEX credit_pools_denomination ON credit_pools (account_id, customer_id, denomination);
CREATE INDEX credit_pools_due ON credit_pools (account_id, next_due_at) WHERE next_due_at IS NOT NULL;

CREATE TABLE credit_grants (
    account_id      uuid        NOT NULL,
    customer_id     uuid        NOT NULL,
    grant_id        uuid        NOT NULL,
    pool_id         uuid        NOT NULL,
    kind            text        NOT NULL CHECK (kind IN ('PLAN_INCLUDED', 'PURCHASED', 'PROMOTIONAL', 'MANUAL')),
    amount          numeric     NOT NULL CHECK (amount > 0 AND amount < 'Infinity'),
    remaining       numeric     NOT NULL CHECK (remaining >= 0 AND remaining <= amount),
    clawed          numeric     NOT NULL CHECK (clawed >= 0 AND clawed <= amount),
    priority        integer     NOT NULL,
    granted_at      timestamptz NOT NULL,
    expires_at      timestamptz,
    reason          text,
    subscription_id uuid,       -- a plan grant's identity: subscription, period, occasion
    seq             integer,
    n               integer,
    "window"        integer,
    rollover        text        CHECK (rollover IN ('NONE', 'FULL', 'CAPPED')),
    rollover_cap    numeric     CHECK (rollover_cap >= 0 AND rollover_cap < 'Infinity'),
    PRIMARY KEY (account_id, customer_id, grant_id),
    FOREIGN KEY (account_id, customer_id, pool_id) REFERENCES credit_pools,
    FOREIGN KEY (account_id, customer_id, subscription_id) REFERENCES subscriptions,
    CHECK ((kind = 'PLAN_INCLUDED') = (subscription_id IS NOT NULL)),
    CHECK ((subscription_id IS NULL) = (seq IS NULL) AND (subscription_id IS NULL) = (n IS NULL)
           AND (subscription_id IS NULL) = ("window" IS NULL)),
    CHECK ((subscription_id IS NULL) = (rollover IS NULL)),
    CHECK ((rollover = 'CAPPED') = (rollover_cap IS NOT NULL))
) WITH (fillfactor = 80);  -- each event writes its row anew: there is room for it on its page
CREATE UNIQUE INDEX credit_grants_identity
    ON credit_grants (account_id, customer_id, subscription_id, seq, pool_id, "window", n)
    WHERE subscription_id IS NOT NULL;
CREATE INDEX credit_grants_usable ON credit_grants (account_id, customer_id, pool_id) WHERE remaining > 0;

-- Every movement of a pool, numbered; amount is signed and balance_after chains. Append-only.
CREATE TABLE credit_transactions (
    account_id     uuid        NOT NULL,
    customer_id    uuid        NOT NULL,
    pool_id        uuid        NOT NULL,
    seq            bigint      NOT NULL CHECK (seq >= 1),
    transaction_id uuid        NOT NULL,
    kind           text        NOT NULL CHECK (kind IN ('GRANT', 'BURN', 'EXPIRY', 'CLAWBACK', 'ROLLOVER', 'REVERSAL', 'CORRECTION')),
    amount         numeric     NOT NULL CHECK (amount > '-Infinity' AND amount < 'Infinity'),
    balance_after  numeric     NOT NULL CHECK (balance_after > '-Infinity' AND balance_after < 'Infinity'),
    taken          jsonb       NOT NULL,  -- [[grant id, signed amount], …]: what it moved in which grant
    event_id       uuid,
    reverses       uuid,
    reason         text,
    at             timestamptz NOT NULL,
    PRIMARY KEY (account_id, customer_id, pool_id, seq),
    FOREIGN KEY (account_id, customer_id, pool_id) REFERENCES credit_pools
);
CREATE UNIQUE INDEX credit_transactions_id ON credit_transactions (account_id, customer_id, transaction_id);
CREATE INDEX credit_transactions_by_id ON credit_transactions (transaction_id);
CREATE UNIQUE INDEX credit_transactions_reverses ON credit_transactions (account_id, customer_id, reverses)
    WHERE reverses IS NOT NULL AND kind = 'REVERSAL';

-- Notices ----------------------------------------------------------------------------------------

-- What happened, in order of commit per customer, written with the change itself.
CREATE TABLE notices (
    account_id  uuid        NOT NULL,
    customer_id uuid        NOT NULL,
    notice_id   uuid        NOT NULL,
    kind        text        NOT NULL,
    subject_id  uuid        NOT NULL,
    payload     jsonb       NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (account_id, customer_id, notice_id)
);

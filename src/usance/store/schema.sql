-- Generated from migrations/ by `make schema`. Not run by anything: read it, do not edit it.

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'what was issued never changes: %', TG_TABLE_NAME
          USING ERRCODE = 'check_violation', CONSTRAINT = 'issued_never_changes';
END
$$;

CREATE FUNCTION public.refuse_change_of_issued_line() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

CREATE TABLE public.account_logos (
    account_id uuid NOT NULL,
    format text NOT NULL,
    picture bytea NOT NULL,
    CONSTRAINT account_logos_format_check CHECK ((format = ANY (ARRAY['png'::text, 'jpg'::text, 'svg'::text]))),
    CONSTRAINT account_logos_picture_check CHECK (((length(picture) >= 1) AND (length(picture) <= 200000)))
);

CREATE TABLE public.accounts (
    account_id uuid NOT NULL,
    name text NOT NULL,
    mode text NOT NULL,
    zone text NOT NULL,
    currency text NOT NULL,
    grace_days integer NOT NULL,
    incomplete_days integer NOT NULL,
    tax_rate numeric NOT NULL,
    tax_category text,
    tax_exemption_reason text,
    clock_offset_us bigint NOT NULL,
    cancel_after_past_due_days integer,
    collection_minutes integer DEFAULT 0 NOT NULL,
    upgrade_requires_payment boolean DEFAULT false NOT NULL,
    statement_threshold integer,
    invoice_number_format text DEFAULT 'INV-{year}-{seq:05}'::text NOT NULL,
    credit_note_number_format text DEFAULT 'CN-{year}-{seq:05}'::text NOT NULL,
    seller jsonb DEFAULT '{}'::jsonb NOT NULL,
    language text DEFAULT 'en'::text NOT NULL,
    reminders jsonb DEFAULT '{}'::jsonb NOT NULL,
    ledger_accounts jsonb DEFAULT '{}'::jsonb NOT NULL,
    catalog_version bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT accounts_cancel_after_past_due_days_check CHECK (((cancel_after_past_due_days >= 0) AND (cancel_after_past_due_days <= 365))),
    CONSTRAINT accounts_check CHECK (((clock_offset_us >= 0) AND ((mode = 'TEST'::text) OR (clock_offset_us = 0)))),
    CONSTRAINT accounts_check1 CHECK (((tax_category IS NULL) OR ((tax_rate > (0)::numeric) = (tax_category = ANY (ARRAY['STANDARD'::text, 'REDUCED'::text]))))),
    CONSTRAINT accounts_check2 CHECK (((tax_exemption_reason IS NULL) OR COALESCE((tax_category = ANY (ARRAY['EXEMPT'::text, 'OUTSIDE_SCOPE'::text])), false))),
    CONSTRAINT accounts_collection_minutes_check CHECK (((collection_minutes >= 0) AND (collection_minutes <= 4320))),
    CONSTRAINT accounts_credit_note_number_format_check CHECK ((credit_note_number_format ~ '(^|[^0-9}]){seq(:0[1-9])?}$'::text)),
    CONSTRAINT accounts_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT accounts_grace_days_check CHECK (((grace_days >= 0) AND (grace_days <= 365))),
    CONSTRAINT accounts_incomplete_days_check CHECK (((incomplete_days >= 1) AND (incomplete_days <= 365))),
    CONSTRAINT accounts_invoice_number_format_check CHECK ((invoice_number_format ~ '(^|[^0-9}]){seq(:0[1-9])?}$'::text)),
    CONSTRAINT accounts_language_check CHECK ((language = ANY (ARRAY['en'::text, 'de'::text, 'fr'::text, 'es'::text, 'it'::text, 'nl'::text, 'pt'::text, 'ja'::text]))),
    CONSTRAINT accounts_mode_check CHECK ((mode = ANY (ARRAY['LIVE'::text, 'TEST'::text]))),
    CONSTRAINT accounts_statement_threshold_check CHECK (((statement_threshold >= 50) AND (statement_threshold <= 100))),
    CONSTRAINT accounts_tax_category_check CHECK ((tax_category = ANY (ARRAY['STANDARD'::text, 'REDUCED'::text, 'ZERO'::text, 'REVERSE_CHARGE'::text, 'EXEMPT'::text, 'OUTSIDE_SCOPE'::text]))),
    CONSTRAINT accounts_tax_category_check1 CHECK ((tax_category <> 'REVERSE_CHARGE'::text)),
    CONSTRAINT accounts_tax_rate_check CHECK (((tax_rate >= (0)::numeric) AND (tax_rate <= (100)::numeric) AND (tax_rate < 'Infinity'::numeric)))
);

CREATE TABLE public.api_keys (
    account_id uuid NOT NULL,
    key_id uuid NOT NULL,
    name text NOT NULL,
    hash bytea NOT NULL,
    last_four text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT api_keys_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT api_keys_last_four_check CHECK ((length(last_four) = 4))
);

CREATE TABLE public.applications (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    application_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    source text NOT NULL,
    source_id uuid,
    amount numeric NOT NULL,
    applied_at timestamp with time zone NOT NULL,
    CONSTRAINT applications_amount_check CHECK (((amount <> (0)::numeric) AND (amount > '-Infinity'::numeric) AND (amount < 'Infinity'::numeric))),
    CONSTRAINT applications_check CHECK (((source = 'BALANCE'::text) = (source_id IS NULL))),
    CONSTRAINT applications_source_check CHECK ((source = ANY (ARRAY['PAYMENT'::text, 'BALANCE'::text, 'CREDIT_NOTE'::text])))
);

CREATE TABLE public.balance_entries (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    currency text NOT NULL,
    amount numeric NOT NULL,
    kind text NOT NULL,
    source_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT balance_entries_amount_check CHECK (((amount <> (0)::numeric) AND (amount > '-Infinity'::numeric) AND (amount < 'Infinity'::numeric))),
    CONSTRAINT balance_entries_kind_check CHECK ((kind = ANY (ARRAY['OVERPAYMENT'::text, 'CREDIT_NOTE'::text, 'VOIDED_INVOICE'::text, 'SPENT'::text, 'PAYMENT'::text, 'PAYOUT'::text, 'REVERSAL'::text, 'REOPENED'::text])))
);

CREATE TABLE public.balances (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    currency text NOT NULL,
    amount numeric NOT NULL,
    CONSTRAINT balances_amount_check CHECK (((amount >= (0)::numeric) AND (amount < 'Infinity'::numeric))),
    CONSTRAINT balances_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text))
);

CREATE TABLE public.counter_values (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    seq integer NOT NULL,
    feature_key text NOT NULL,
    version_id uuid NOT NULL,
    "window" integer NOT NULL,
    value bytea NOT NULL,
    CONSTRAINT counter_values_value_check CHECK ((length(value) = 32))
);

CREATE TABLE public.counters (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    seq integer NOT NULL,
    feature_key text NOT NULL,
    version_id uuid NOT NULL,
    "window" integer NOT NULL,
    units numeric NOT NULL,
    covered numeric NOT NULL,
    events bigint NOT NULL,
    billed_units numeric NOT NULL,
    billed_amount numeric NOT NULL,
    awaits_invoice boolean NOT NULL,
    billed_by uuid,
    billed_tax_rate numeric,
    billed_tax_category text,
    billed_tax_exemption_reason text,
    forgiven numeric[] NOT NULL,
    CONSTRAINT counters_billed_amount_check CHECK (((billed_amount >= (0)::numeric) AND (billed_amount < 'Infinity'::numeric))),
    CONSTRAINT counters_billed_tax_category_check CHECK ((billed_tax_category = ANY (ARRAY['STANDARD'::text, 'REDUCED'::text, 'ZERO'::text, 'REVERSE_CHARGE'::text, 'EXEMPT'::text, 'OUTSIDE_SCOPE'::text]))),
    CONSTRAINT counters_billed_tax_rate_check CHECK (((billed_tax_rate >= (0)::numeric) AND (billed_tax_rate <= (100)::numeric))),
    CONSTRAINT counters_billed_units_check CHECK (((billed_units >= (0)::numeric) AND (billed_units < 'Infinity'::numeric))),
    CONSTRAINT counters_check CHECK (((covered >= (0)::numeric) AND (covered <= units))),
    CONSTRAINT counters_check1 CHECK (((billed_by IS NULL) OR (billed_tax_rate IS NOT NULL))),
    CONSTRAINT counters_check2 CHECK (((COALESCE(billed_tax_rate, (0)::numeric) > (0)::numeric) = COALESCE((billed_tax_category = ANY (ARRAY['STANDARD'::text, 'REDUCED'::text])), false))),
    CONSTRAINT counters_events_check CHECK ((events >= 0)),
    CONSTRAINT counters_forgiven_check CHECK ((((cardinality(forgiven) % 2) = 0) AND ((0)::numeric <= ALL (forgiven)) AND ('Infinity'::numeric > ALL (forgiven)))),
    CONSTRAINT counters_units_check CHECK (((units >= (0)::numeric) AND (units < 'Infinity'::numeric))),
    CONSTRAINT counters_window_check CHECK (("window" >= 0))
)
WITH (fillfactor='80');

CREATE TABLE public.credit_grants (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    grant_id uuid NOT NULL,
    pool_id uuid NOT NULL,
    kind text NOT NULL,
    amount numeric NOT NULL,
    remaining numeric NOT NULL,
    clawed numeric NOT NULL,
    priority integer NOT NULL,
    granted_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    reason text,
    subscription_id uuid,
    seq integer,
    n integer,
    "window" integer,
    rollover text,
    rollover_cap numeric,
    CONSTRAINT credit_grants_amount_check CHECK (((amount > (0)::numeric) AND (amount < 'Infinity'::numeric))),
    CONSTRAINT credit_grants_check CHECK (((remaining >= (0)::numeric) AND (remaining <= amount))),
    CONSTRAINT credit_grants_check1 CHECK (((clawed >= (0)::numeric) AND (clawed <= amount))),
    CONSTRAINT credit_grants_check2 CHECK (((kind = 'PLAN_INCLUDED'::text) = (subscription_id IS NOT NULL))),
    CONSTRAINT credit_grants_check3 CHECK ((((subscription_id IS NULL) = (seq IS NULL)) AND ((subscription_id IS NULL) = (n IS NULL)) AND ((subscription_id IS NULL) = ("window" IS NULL)))),
    CONSTRAINT credit_grants_check4 CHECK (((subscription_id IS NULL) = (rollover IS NULL))),
    CONSTRAINT credit_grants_check5 CHECK (((rollover = 'CAPPED'::text) = (rollover_cap IS NOT NULL))),
    CONSTRAINT credit_grants_kind_check CHECK ((kind = ANY (ARRAY['PLAN_INCLUDED'::text, 'PURCHASED'::text, 'PROMOTIONAL'::text, 'MANUAL'::text]))),
    CONSTRAINT credit_grants_rollover_cap_check CHECK (((rollover_cap >= (0)::numeric) AND (rollover_cap < 'Infinity'::numeric))),
    CONSTRAINT credit_grants_rollover_check CHECK ((rollover = ANY (ARRAY['NONE'::text, 'FULL'::text, 'CAPPED'::text])))
)
WITH (fillfactor='80');

CREATE TABLE public.credit_models (
    account_id uuid NOT NULL,
    denomination text NOT NULL,
    name text NOT NULL,
    hard_limit boolean NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.credit_notes (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    credit_note_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    seq integer NOT NULL,
    kind text NOT NULL,
    n integer NOT NULL,
    number text NOT NULL,
    currency text NOT NULL,
    subtotal numeric NOT NULL,
    tax_rate numeric NOT NULL,
    tax_category text,
    tax_exemption_reason text,
    tax_amount numeric NOT NULL,
    amount numeric NOT NULL,
    invoice_ids uuid[] NOT NULL,
    lines jsonb NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    parties jsonb NOT NULL,
    CONSTRAINT credit_notes_check CHECK ((amount = (subtotal + tax_amount))),
    CONSTRAINT credit_notes_check1 CHECK (((tax_rate > (0)::numeric) = COALESCE((tax_category = ANY (ARRAY['STANDARD'::text, 'REDUCED'::text])), false))),
    CONSTRAINT credit_notes_check2 CHECK (((tax_exemption_reason IS NULL) OR COALESCE((tax_category = ANY (ARRAY['EXEMPT'::text, 'OUTSIDE_SCOPE'::text])), false))),
    CONSTRAINT credit_notes_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT credit_notes_kind_check CHECK ((kind = ANY (ARRAY['PLAN_CHANGE'::text, 'CANCELLATION'::text, 'LATE_USAGE'::text]))),
    CONSTRAINT credit_notes_n_check CHECK ((n >= 0)),
    CONSTRAINT credit_notes_subtotal_check CHECK (((subtotal > (0)::numeric) AND (subtotal < 'Infinity'::numeric))),
    CONSTRAINT credit_notes_tax_amount_check CHECK (((tax_amount >= (0)::numeric) AND (tax_amount < 'Infinity'::numeric))),
    CONSTRAINT credit_notes_tax_category_check CHECK ((tax_category = ANY (ARRAY['STANDARD'::text, 'REDUCED'::text, 'ZERO'::text, 'REVERSE_CHARGE'::text, 'EXEMPT'::text, 'OUTSIDE_SCOPE'::text]))),
    CONSTRAINT credit_notes_tax_rate_check CHECK (((tax_rate >= (0)::numeric) AND (tax_rate <= (100)::numeric) AND (tax_rate < 'Infinity'::numeric)))
);

CREATE TABLE public.credit_pools (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    pool_id uuid NOT NULL,
    denomination text NOT NULL,
    hard_limit boolean NOT NULL,
    overdraft numeric NOT NULL,
    granted numeric NOT NULL,
    consumed numeric NOT NULL,
    expired numeric NOT NULL,
    clawed numeric NOT NULL,
    transactions bigint NOT NULL,
    next_due_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT credit_pools_check CHECK (((NOT hard_limit) OR (overdraft = (0)::numeric))),
    CONSTRAINT credit_pools_clawed_check CHECK (((clawed >= (0)::numeric) AND (clawed < 'Infinity'::numeric))),
    CONSTRAINT credit_pools_consumed_check CHECK (((consumed >= (0)::numeric) AND (consumed < 'Infinity'::numeric))),
    CONSTRAINT credit_pools_expired_check CHECK (((expired >= (0)::numeric) AND (expired < 'Infinity'::numeric))),
    CONSTRAINT credit_pools_granted_check CHECK (((granted >= (0)::numeric) AND (granted < 'Infinity'::numeric))),
    CONSTRAINT credit_pools_overdraft_check CHECK (((overdraft >= (0)::numeric) AND (overdraft < 'Infinity'::numeric))),
    CONSTRAINT credit_pools_transactions_check CHECK ((transactions >= 0))
)
WITH (fillfactor='80');

CREATE TABLE public.credit_prices (
    account_id uuid NOT NULL,
    price_id uuid NOT NULL,
    denomination text NOT NULL,
    currency text NOT NULL,
    price_per_credit numeric NOT NULL,
    effective_from timestamp with time zone NOT NULL,
    published_at timestamp with time zone NOT NULL,
    CONSTRAINT credit_prices_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT credit_prices_price_per_credit_check CHECK (((price_per_credit > (0)::numeric) AND (price_per_credit < 'Infinity'::numeric)))
);

CREATE TABLE public.credit_transactions (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    pool_id uuid NOT NULL,
    seq bigint NOT NULL,
    transaction_id uuid NOT NULL,
    kind text NOT NULL,
    amount numeric NOT NULL,
    balance_after numeric NOT NULL,
    taken jsonb NOT NULL,
    event_id uuid,
    reverses uuid,
    reason text,
    at timestamp with time zone NOT NULL,
    CONSTRAINT credit_transactions_amount_check CHECK (((amount > '-Infinity'::numeric) AND (amount < 'Infinity'::numeric))),
    CONSTRAINT credit_transactions_balance_after_check CHECK (((balance_after > '-Infinity'::numeric) AND (balance_after < 'Infinity'::numeric))),
    CONSTRAINT credit_transactions_kind_check CHECK ((kind = ANY (ARRAY['GRANT'::text, 'BURN'::text, 'EXPIRY'::text, 'CLAWBACK'::text, 'ROLLOVER'::text, 'REVERSAL'::text, 'CORRECTION'::text]))),
    CONSTRAINT credit_transactions_seq_check CHECK ((seq >= 1))
);

CREATE TABLE public.credit_weights (
    account_id uuid NOT NULL,
    weight_id uuid NOT NULL,
    feature_key text NOT NULL,
    model text NOT NULL,
    weight numeric NOT NULL,
    effective_from timestamp with time zone NOT NULL,
    published_at timestamp with time zone NOT NULL,
    CONSTRAINT credit_weights_weight_check CHECK (((weight > (0)::numeric) AND (weight < 'Infinity'::numeric)))
);

CREATE TABLE public.customer_references (
    account_id uuid NOT NULL,
    reference text NOT NULL,
    customer_id uuid NOT NULL
);

CREATE TABLE public.customers (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    reference text NOT NULL,
    email text,
    first_name text,
    last_name text,
    name text,
    phone_number text,
    billing_address jsonb,
    tax_id text,
    tax_rate numeric,
    tax_category text,
    tax_exemption_reason text,
    buyer_reference text,
    electronic_address jsonb,
    zone text,
    language text,
    reminders_enabled boolean DEFAULT true NOT NULL,
    metadata jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    erased_at timestamp with time zone,
    revision bigint DEFAULT 0 NOT NULL,
    CONSTRAINT customers_check CHECK (((tax_category IS NULL) OR ((tax_rate IS NOT NULL) AND ((tax_rate > (0)::numeric) = (tax_category = ANY (ARRAY['STANDARD'::text, 'REDUCED'::text])))))),
    CONSTRAINT customers_check1 CHECK (((tax_category <> 'REVERSE_CHARGE'::text) OR (tax_id IS NOT NULL))),
    CONSTRAINT customers_check2 CHECK (((tax_exemption_reason IS NULL) OR COALESCE((tax_category = ANY (ARRAY['EXEMPT'::text, 'OUTSIDE_SCOPE'::text])), false))),
    CONSTRAINT customers_language_check CHECK ((language = ANY (ARRAY['en'::text, 'de'::text, 'fr'::text, 'es'::text, 'it'::text, 'nl'::text, 'pt'::text, 'ja'::text]))),
    CONSTRAINT customers_tax_category_check CHECK ((tax_category = ANY (ARRAY['STANDARD'::text, 'REDUCED'::text, 'ZERO'::text, 'REVERSE_CHARGE'::text, 'EXEMPT'::text, 'OUTSIDE_SCOPE'::text]))),
    CONSTRAINT customers_tax_rate_check CHECK (((tax_rate >= (0)::numeric) AND (tax_rate <= (100)::numeric) AND (tax_rate < 'Infinity'::numeric)))
)
WITH (fillfactor='80');

CREATE TABLE public.document_numbers (
    account_id uuid NOT NULL,
    series text NOT NULL,
    seq bigint NOT NULL,
    number text NOT NULL,
    customer_id uuid NOT NULL,
    document_id uuid NOT NULL
);

CREATE TABLE public.event_corrections (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    event_id uuid NOT NULL,
    correction_id uuid NOT NULL,
    units numeric NOT NULL,
    credits numeric NOT NULL,
    CONSTRAINT event_corrections_credits_check CHECK (((credits >= (0)::numeric) AND (credits < 'Infinity'::numeric))),
    CONSTRAINT event_corrections_units_check CHECK (((units > (0)::numeric) AND (units < 'Infinity'::numeric)))
);

CREATE TABLE public.event_keys (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    key text NOT NULL,
    event_id uuid NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    fingerprint bytea NOT NULL,
    CONSTRAINT event_keys_fingerprint_check CHECK ((length(fingerprint) = 32))
);

CREATE TABLE public.feature_costs (
    account_id uuid NOT NULL,
    cost_id uuid NOT NULL,
    feature_key text NOT NULL,
    cost_per_unit numeric,
    currency text NOT NULL,
    effective_from timestamp with time zone NOT NULL,
    published_at timestamp with time zone NOT NULL,
    CONSTRAINT feature_costs_cost_per_unit_check CHECK (((cost_per_unit >= (0)::numeric) AND (cost_per_unit < 'Infinity'::numeric))),
    CONSTRAINT feature_costs_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text))
);

CREATE TABLE public.features (
    account_id uuid NOT NULL,
    feature_id uuid NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    enabled boolean NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.holds (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    hold_id uuid NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    subscription_id uuid NOT NULL,
    seq integer NOT NULL,
    feature_key text NOT NULL,
    version_id uuid NOT NULL,
    "window" integer NOT NULL,
    units numeric NOT NULL,
    model text,
    denomination text,
    credits numeric NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    status text NOT NULL,
    closed_at timestamp with time zone,
    event_id uuid,
    CONSTRAINT holds_check CHECK ((expires_at > created_at)),
    CONSTRAINT holds_check1 CHECK (((status = 'HELD'::text) = (closed_at IS NULL))),
    CONSTRAINT holds_check2 CHECK (((status = 'SETTLED'::text) = (event_id IS NOT NULL))),
    CONSTRAINT holds_credits_check CHECK (((credits >= (0)::numeric) AND (credits < 'Infinity'::numeric))),
    CONSTRAINT holds_fingerprint_check CHECK ((length(fingerprint) = 32)),
    CONSTRAINT holds_status_check CHECK ((status = ANY (ARRAY['HELD'::text, 'SETTLED'::text, 'RELEASED'::text]))),
    CONSTRAINT holds_units_check CHECK (((units >= (0)::numeric) AND (units < 'Infinity'::numeric)))
);

CREATE TABLE public.idempotency_keys (
    account_id uuid NOT NULL,
    identity bytea NOT NULL,
    fingerprint bytea NOT NULL,
    status integer NOT NULL,
    body bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT idempotency_keys_fingerprint_check CHECK ((length(fingerprint) = 32)),
    CONSTRAINT idempotency_keys_identity_check CHECK ((length(identity) = 32)),
    CONSTRAINT idempotency_keys_status_check CHECK (((status >= 200) AND (status <= 299)))
);

CREATE TABLE public.invoice_lines (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    "position" integer NOT NULL,
    kind text NOT NULL,
    description text NOT NULL,
    feature_key text,
    quantity numeric,
    unit_price numeric,
    amount numeric NOT NULL,
    starts_at timestamp with time zone,
    ends_at timestamp with time zone,
    elapsed_us bigint,
    length_us bigint,
    calculation jsonb,
    CONSTRAINT invoice_lines_amount_check CHECK (((amount > '-Infinity'::numeric) AND (amount < 'Infinity'::numeric))),
    CONSTRAINT invoice_lines_kind_check CHECK ((kind = ANY (ARRAY['BASE'::text, 'USAGE'::text, 'LATE_USAGE'::text, 'UNUSED_TIME'::text, 'REMAINING_TIME'::text, 'ELAPSED_TIME'::text, 'REVERSED_PAYMENT'::text, 'OTHER'::text]))),
    CONSTRAINT invoice_lines_position_check CHECK (("position" >= 0)),
    CONSTRAINT invoice_lines_quantity_check CHECK (((quantity > '-Infinity'::numeric) AND (quantity < 'Infinity'::numeric))),
    CONSTRAINT invoice_lines_unit_price_check CHECK (((unit_price > '-Infinity'::numeric) AND (unit_price < 'Infinity'::numeric)))
);

CREATE TABLE public.invoices (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    subscription_id uuid,
    seq integer,
    kind text NOT NULL,
    n integer NOT NULL,
    status text NOT NULL,
    number text,
    currency text NOT NULL,
    subtotal numeric NOT NULL,
    tax_rate numeric NOT NULL,
    tax_category text,
    tax_exemption_reason text,
    tax_amount numeric NOT NULL,
    amount numeric NOT NULL,
    amount_paid numeric NOT NULL,
    issued_at timestamp with time zone,
    due_at timestamp with time zone,
    past_due_at timestamp with time zone,
    paid_at timestamp with time zone,
    reopened_at timestamp with time zone,
    voided_at timestamp with time zone,
    void_reason text,
    voided_by_end boolean DEFAULT false NOT NULL,
    written_off_at timestamp with time zone,
    write_off_reason text,
    memo text,
    parties jsonb,
    replaced_by uuid,
    purchase_denomination text,
    purchase_credits numeric,
    starts_at timestamp with time zone,
    ends_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT invoices_check CHECK ((amount = (subtotal + tax_amount))),
    CONSTRAINT invoices_check1 CHECK (((amount_paid >= (0)::numeric) AND (amount_paid <= amount))),
    CONSTRAINT invoices_check10 CHECK (((status = 'VOID'::text) OR (NOT voided_by_end))),
    CONSTRAINT invoices_check11 CHECK (((status <> 'UNCOLLECTIBLE'::text) OR (written_off_at IS NOT NULL))),
    CONSTRAINT invoices_check12 CHECK (((written_off_at IS NULL) = (write_off_reason IS NULL))),
    CONSTRAINT invoices_check13 CHECK (((memo IS NULL) OR (kind = 'ONE_OFF'::text))),
    CONSTRAINT invoices_check14 CHECK (((number IS NULL) = (parties IS NULL))),
    CONSTRAINT invoices_check15 CHECK (((status <> 'VOID'::text) OR (amount_paid = (0)::numeric))),
    CONSTRAINT invoices_check16 CHECK (((starts_at IS NULL) = (ends_at IS NULL))),
    CONSTRAINT invoices_check17 CHECK (((tax_rate > (0)::numeric) = COALESCE((tax_category = ANY (ARRAY['STANDARD'::text, 'REDUCED'::text])), false))),
    CONSTRAINT invoices_check18 CHECK (((tax_exemption_reason IS NULL) OR COALESCE((tax_category = ANY (ARRAY['EXEMPT'::text, 'OUTSIDE_SCOPE'::text])), false))),
    CONSTRAINT invoices_check2 CHECK (((subscription_id IS NULL) = (seq IS NULL))),
    CONSTRAINT invoices_check3 CHECK ((((kind = 'CREDIT_PURCHASE'::text) = (purchase_denomination IS NOT NULL)) AND ((kind = 'CREDIT_PURCHASE'::text) = (purchase_credits IS NOT NULL)))),
    CONSTRAINT invoices_check4 CHECK (((status <> 'PENDING'::text) OR (number IS NULL))),
    CONSTRAINT invoices_check5 CHECK ((((number IS NULL) = (issued_at IS NULL)) AND ((number IS NULL) = (due_at IS NULL)) AND ((number IS NULL) = (past_due_at IS NULL)))),
    CONSTRAINT invoices_check6 CHECK (((number IS NOT NULL) OR (status = ANY (ARRAY['PENDING'::text, 'VOID'::text])))),
    CONSTRAINT invoices_check7 CHECK (((status = 'PAID'::text) = (paid_at IS NOT NULL))),
    CONSTRAINT invoices_check8 CHECK (((status <> 'PAID'::text) OR (amount_paid = amount))),
    CONSTRAINT invoices_check9 CHECK (((status = 'VOID'::text) = (voided_at IS NOT NULL))),
    CONSTRAINT invoices_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT invoices_kind_check CHECK ((kind = ANY (ARRAY['SUBSCRIPTION'::text, 'ADJUSTMENT'::text, 'FINAL'::text, 'CREDIT_PURCHASE'::text, 'ONE_OFF'::text]))),
    CONSTRAINT invoices_n_check CHECK ((n >= 0)),
    CONSTRAINT invoices_purchase_credits_check CHECK (((purchase_credits > (0)::numeric) AND (purchase_credits < 'Infinity'::numeric))),
    CONSTRAINT invoices_status_check CHECK ((status = ANY (ARRAY['PENDING'::text, 'DUE'::text, 'PAST_DUE'::text, 'UNCOLLECTIBLE'::text, 'PAID'::text, 'VOID'::text]))),
    CONSTRAINT invoices_subtotal_check CHECK (((subtotal >= (0)::numeric) AND (subtotal < 'Infinity'::numeric))),
    CONSTRAINT invoices_tax_amount_check CHECK (((tax_amount >= (0)::numeric) AND (tax_amount < 'Infinity'::numeric))),
    CONSTRAINT invoices_tax_category_check CHECK ((tax_category = ANY (ARRAY['STANDARD'::text, 'REDUCED'::text, 'ZERO'::text, 'REVERSE_CHARGE'::text, 'EXEMPT'::text, 'OUTSIDE_SCOPE'::text]))),
    CONSTRAINT invoices_tax_rate_check CHECK (((tax_rate >= (0)::numeric) AND (tax_rate <= (100)::numeric) AND (tax_rate < 'Infinity'::numeric)))
);

CREATE TABLE public.model_prices (
    account_id uuid NOT NULL,
    model_price_id uuid NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    currency text NOT NULL,
    input_price numeric,
    output_price numeric,
    cached_input_price numeric,
    reasoning_price numeric,
    request_price numeric,
    effective_from timestamp with time zone NOT NULL,
    published_at timestamp with time zone NOT NULL,
    CONSTRAINT model_prices_cached_input_price_check CHECK (((cached_input_price >= (0)::numeric) AND (cached_input_price < 'Infinity'::numeric))),
    CONSTRAINT model_prices_check CHECK (((input_price IS NULL) = (output_price IS NULL))),
    CONSTRAINT model_prices_check1 CHECK (((input_price IS NOT NULL) OR (COALESCE(cached_input_price, reasoning_price, request_price) IS NULL))),
    CONSTRAINT model_prices_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT model_prices_input_price_check CHECK (((input_price >= (0)::numeric) AND (input_price < 'Infinity'::numeric))),
    CONSTRAINT model_prices_output_price_check CHECK (((output_price >= (0)::numeric) AND (output_price < 'Infinity'::numeric))),
    CONSTRAINT model_prices_reasoning_price_check CHECK (((reasoning_price >= (0)::numeric) AND (reasoning_price < 'Infinity'::numeric))),
    CONSTRAINT model_prices_request_price_check CHECK (((request_price >= (0)::numeric) AND (request_price < 'Infinity'::numeric)))
);

CREATE TABLE public.notices (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    notice_id uuid NOT NULL,
    kind text NOT NULL,
    subject_id uuid NOT NULL,
    payload jsonb NOT NULL,
    at timestamp with time zone NOT NULL
);

CREATE TABLE public.number_series (
    account_id uuid NOT NULL,
    series text NOT NULL,
    next bigint NOT NULL,
    CONSTRAINT number_series_next_check CHECK ((next >= 1)),
    CONSTRAINT number_series_series_check CHECK ((series = ANY (ARRAY['INVOICE'::text, 'CREDIT_NOTE'::text])))
);

CREATE TABLE public.payments (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    payment_id uuid NOT NULL,
    currency text NOT NULL,
    amount numeric NOT NULL,
    method text,
    reference text,
    note text,
    paid_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    reversed_at timestamp with time zone,
    reversal_reason text,
    CONSTRAINT payments_amount_check CHECK (((amount > (0)::numeric) AND (amount < 'Infinity'::numeric))),
    CONSTRAINT payments_check CHECK (((reversal_reason IS NULL) OR (reversed_at IS NOT NULL))),
    CONSTRAINT payments_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text))
);

CREATE TABLE public.pending_changes (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    version_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    invoice_id uuid
);

CREATE TABLE public.periods (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    seq integer NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    planned_ends_at timestamp with time zone NOT NULL,
    is_trial boolean NOT NULL,
    anchor_at timestamp with time zone NOT NULL,
    anchor_day integer,
    usage_from_seq integer NOT NULL,
    closed_at timestamp with time zone,
    billed_at timestamp with time zone,
    collect_at timestamp with time zone,
    CONSTRAINT periods_anchor_day_check CHECK (((anchor_day >= 1) AND (anchor_day <= 31))),
    CONSTRAINT periods_check CHECK (((starts_at <= ends_at) AND (ends_at <= planned_ends_at) AND (starts_at < planned_ends_at))),
    CONSTRAINT periods_check1 CHECK (((usage_from_seq >= 0) AND (usage_from_seq <= seq))),
    CONSTRAINT periods_seq_check CHECK ((seq >= 0))
);

CREATE TABLE public.plan_versions (
    account_id uuid NOT NULL,
    version_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    number integer NOT NULL,
    plan_key text NOT NULL,
    plan_name text NOT NULL,
    currency text NOT NULL,
    terms jsonb NOT NULL,
    published_at timestamp with time zone NOT NULL,
    CONSTRAINT plan_versions_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT plan_versions_number_check CHECK ((number >= 1))
);

CREATE TABLE public.plans (
    account_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    status text NOT NULL,
    customer_reference text,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT plans_status_check CHECK ((status = ANY (ARRAY['DRAFT'::text, 'ACTIVE'::text, 'ARCHIVED'::text])))
);

CREATE TABLE public.reminders (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    level integer NOT NULL,
    state text NOT NULL,
    reason text,
    recipient text,
    attempts integer DEFAULT 0 NOT NULL,
    planned_at timestamp with time zone NOT NULL,
    next_try_at timestamp with time zone,
    claimed_at timestamp with time zone,
    sent_at timestamp with time zone,
    CONSTRAINT reminders_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT reminders_check CHECK (((state = 'SENT'::text) = (sent_at IS NOT NULL))),
    CONSTRAINT reminders_check1 CHECK (((state <> 'PLANNED'::text) OR (next_try_at IS NOT NULL))),
    CONSTRAINT reminders_level_check CHECK ((level >= 1)),
    CONSTRAINT reminders_state_check CHECK ((state = ANY (ARRAY['PLANNED'::text, 'SENDING'::text, 'SENT'::text, 'FAILED'::text, 'UNKNOWN'::text, 'SKIPPED'::text])))
);

CREATE TABLE public.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone NOT NULL
);

CREATE TABLE public.segments (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    seq integer NOT NULL,
    n integer NOT NULL,
    version_id uuid NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    charge numeric NOT NULL,
    invoice_id uuid,
    undone_at timestamp with time zone,
    CONSTRAINT segments_charge_check CHECK (((charge >= (0)::numeric) AND (charge < 'Infinity'::numeric))),
    CONSTRAINT segments_n_check CHECK ((n >= 0))
);

CREATE TABLE public.statement_entries (
    account_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    statement_id uuid NOT NULL,
    identity text NOT NULL,
    booked_on date NOT NULL,
    value_on date NOT NULL,
    amount numeric NOT NULL,
    currency text NOT NULL,
    account text NOT NULL,
    payer_name text NOT NULL,
    payer_account text NOT NULL,
    text text NOT NULL,
    structured_reference text NOT NULL,
    end_to_end_id text NOT NULL,
    reference text NOT NULL,
    kind text NOT NULL,
    reversal boolean NOT NULL,
    instructed_amount numeric,
    instructed_currency text NOT NULL,
    open numeric NOT NULL,
    ignored_at timestamp with time zone,
    ignored_note text,
    takes_back uuid,
    CONSTRAINT statement_entries_amount_check CHECK (((amount <> (0)::numeric) AND (amount > '-Infinity'::numeric) AND (amount < 'Infinity'::numeric))),
    CONSTRAINT statement_entries_check CHECK (((open >= (0)::numeric) AND (open <= abs(amount)))),
    CONSTRAINT statement_entries_check1 CHECK (((ignored_at IS NULL) = (ignored_note IS NULL))),
    CONSTRAINT statement_entries_check2 CHECK (((takes_back IS NULL) OR ((amount < (0)::numeric) AND (open = (0)::numeric)))),
    CONSTRAINT statement_entries_check3 CHECK (((amount > (0)::numeric) OR (takes_back IS NOT NULL) OR (open = (- amount)))),
    CONSTRAINT statement_entries_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT statement_entries_instructed_amount_check CHECK (((instructed_amount > '-Infinity'::numeric) AND (instructed_amount < 'Infinity'::numeric)))
);

CREATE TABLE public.statement_parts (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    payment_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    undone_at timestamp with time zone
);

CREATE TABLE public.statements (
    account_id uuid NOT NULL,
    statement_id uuid NOT NULL,
    sha256 bytea NOT NULL,
    format text NOT NULL,
    file_name text,
    imported_at timestamp with time zone NOT NULL,
    entries integer NOT NULL,
    known integer NOT NULL,
    applied integer NOT NULL,
    proposed integer NOT NULL,
    unmatched integer NOT NULL,
    ignored integer NOT NULL,
    is_done boolean NOT NULL,
    notes jsonb NOT NULL,
    CONSTRAINT statements_applied_check CHECK ((applied >= 0)),
    CONSTRAINT statements_check CHECK (((known >= 0) AND (known <= entries))),
    CONSTRAINT statements_check1 CHECK (((((applied + proposed) + unmatched) + ignored) = entries)),
    CONSTRAINT statements_entries_check CHECK ((entries >= 0)),
    CONSTRAINT statements_format_check CHECK ((format = ANY (ARRAY['camt.053'::text, 'MT940'::text, 'CSV'::text]))),
    CONSTRAINT statements_ignored_check CHECK ((ignored >= 0)),
    CONSTRAINT statements_proposed_check CHECK ((proposed >= 0)),
    CONSTRAINT statements_sha256_check CHECK ((length(sha256) = 32)),
    CONSTRAINT statements_unmatched_check CHECK ((unmatched >= 0))
);

CREATE TABLE public.subscriptions (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    version_id uuid NOT NULL,
    status text NOT NULL,
    zone text NOT NULL,
    grace_days integer NOT NULL,
    anchor_at timestamp with time zone,
    anchor_seq integer NOT NULL,
    anchor_day integer,
    seq integer NOT NULL,
    expires_at timestamp with time zone,
    trial_ends_at timestamp with time zone,
    cancel_mode text,
    cancel_at timestamp with time zone,
    cancelled_at timestamp with time zone,
    settle boolean NOT NULL,
    next_due_at timestamp with time zone,
    parked_at timestamp with time zone,
    parked_reason text,
    parked_count integer NOT NULL,
    metadata jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT subscriptions_anchor_day_check CHECK (((anchor_day >= 1) AND (anchor_day <= 31))),
    CONSTRAINT subscriptions_cancel_mode_check CHECK ((cancel_mode = ANY (ARRAY['END_OF_PERIOD'::text, 'IMMEDIATE'::text]))),
    CONSTRAINT subscriptions_check CHECK (((cancel_at IS NULL) = (cancel_mode IS NULL))),
    CONSTRAINT subscriptions_grace_days_check CHECK (((grace_days >= 0) AND (grace_days <= 365))),
    CONSTRAINT subscriptions_seq_check CHECK ((seq >= '-1'::integer)),
    CONSTRAINT subscriptions_status_check CHECK ((status = ANY (ARRAY['INCOMPLETE'::text, 'TRIALING'::text, 'ACTIVE'::text, 'PAST_DUE'::text, 'CANCELLED'::text, 'EXPIRED'::text])))
);

CREATE TABLE public.usage_events (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    event_id uuid NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    feature_key text,
    subscription_id uuid,
    seq integer,
    version_id uuid,
    "window" integer,
    units numeric NOT NULL,
    billable numeric NOT NULL,
    covered numeric NOT NULL,
    credits numeric NOT NULL,
    cost_amount numeric,
    cost_currency text,
    cost_detail jsonb,
    revenue_amount numeric,
    model text,
    flow_id text,
    meta jsonb,
    receipt jsonb NOT NULL,
    CONSTRAINT usage_events_billable_check CHECK (((billable > '-Infinity'::numeric) AND (billable < 'Infinity'::numeric))),
    CONSTRAINT usage_events_check CHECK (
CASE
    WHEN (units < (0)::numeric) THEN ((billable <= covered) AND (covered <= (0)::numeric) AND (credits <= (0)::numeric))
    ELSE ((billable >= covered) AND (covered >= (0)::numeric) AND (credits >= (0)::numeric))
END),
    CONSTRAINT usage_events_cost_amount_check CHECK (((cost_amount > '-Infinity'::numeric) AND (cost_amount < 'Infinity'::numeric))),
    CONSTRAINT usage_events_covered_check CHECK (((covered > '-Infinity'::numeric) AND (covered < 'Infinity'::numeric))),
    CONSTRAINT usage_events_credits_check CHECK (((credits > '-Infinity'::numeric) AND (credits < 'Infinity'::numeric))),
    CONSTRAINT usage_events_revenue_amount_check CHECK (((revenue_amount > '-Infinity'::numeric) AND (revenue_amount < 'Infinity'::numeric))),
    CONSTRAINT usage_events_units_check CHECK (((units > '-Infinity'::numeric) AND (units < 'Infinity'::numeric)))
)
PARTITION BY RANGE (recorded_at);

CREATE TABLE public.usage_events_rest (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    event_id uuid NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    feature_key text,
    subscription_id uuid,
    seq integer,
    version_id uuid,
    "window" integer,
    units numeric NOT NULL,
    billable numeric NOT NULL,
    covered numeric NOT NULL,
    credits numeric NOT NULL,
    cost_amount numeric,
    cost_currency text,
    cost_detail jsonb,
    revenue_amount numeric,
    model text,
    flow_id text,
    meta jsonb,
    receipt jsonb NOT NULL,
    CONSTRAINT usage_events_billable_check CHECK (((billable > '-Infinity'::numeric) AND (billable < 'Infinity'::numeric))),
    CONSTRAINT usage_events_check CHECK (
CASE
    WHEN (units < (0)::numeric) THEN ((billable <= covered) AND (covered <= (0)::numeric) AND (credits <= (0)::numeric))
    ELSE ((billable >= covered) AND (covered >= (0)::numeric) AND (credits >= (0)::numeric))
END),
    CONSTRAINT usage_events_cost_amount_check CHECK (((cost_amount > '-Infinity'::numeric) AND (cost_amount < 'Infinity'::numeric))),
    CONSTRAINT usage_events_covered_check CHECK (((covered > '-Infinity'::numeric) AND (covered < 'Infinity'::numeric))),
    CONSTRAINT usage_events_credits_check CHECK (((credits > '-Infinity'::numeric) AND (credits < 'Infinity'::numeric))),
    CONSTRAINT usage_events_revenue_amount_check CHECK (((revenue_amount > '-Infinity'::numeric) AND (revenue_amount < 'Infinity'::numeric))),
    CONSTRAINT usage_events_units_check CHECK (((units > '-Infinity'::numeric) AND (units < 'Infinity'::numeric)))
);

ALTER TABLE ONLY public.usage_events ATTACH PARTITION public.usage_events_rest DEFAULT;

ALTER TABLE ONLY public.account_logos
    ADD CONSTRAINT account_logos_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (account_id, key_id);

ALTER TABLE ONLY public.applications
    ADD CONSTRAINT applications_pkey PRIMARY KEY (account_id, customer_id, application_id);

ALTER TABLE ONLY public.balance_entries
    ADD CONSTRAINT balance_entries_pkey PRIMARY KEY (account_id, customer_id, entry_id);

ALTER TABLE ONLY public.balances
    ADD CONSTRAINT balances_pkey PRIMARY KEY (account_id, customer_id, currency);

ALTER TABLE ONLY public.counter_values
    ADD CONSTRAINT counter_values_pkey PRIMARY KEY (account_id, customer_id, value, subscription_id, seq, feature_key, version_id, "window");

ALTER TABLE ONLY public.counters
    ADD CONSTRAINT counters_pkey PRIMARY KEY (account_id, customer_id, subscription_id, seq, feature_key, version_id, "window");

ALTER TABLE ONLY public.credit_grants
    ADD CONSTRAINT credit_grants_pkey PRIMARY KEY (account_id, customer_id, grant_id);

ALTER TABLE ONLY public.credit_models
    ADD CONSTRAINT credit_models_pkey PRIMARY KEY (account_id, denomination);

ALTER TABLE ONLY public.credit_notes
    ADD CONSTRAINT credit_notes_pkey PRIMARY KEY (account_id, customer_id, credit_note_id);

ALTER TABLE ONLY public.credit_pools
    ADD CONSTRAINT credit_pools_pkey PRIMARY KEY (account_id, customer_id, pool_id);

ALTER TABLE ONLY public.credit_prices
    ADD CONSTRAINT credit_prices_pkey PRIMARY KEY (account_id, price_id);

ALTER TABLE ONLY public.credit_transactions
    ADD CONSTRAINT credit_transactions_pkey PRIMARY KEY (account_id, customer_id, pool_id, seq);

ALTER TABLE ONLY public.credit_weights
    ADD CONSTRAINT credit_weights_pkey PRIMARY KEY (account_id, weight_id);

ALTER TABLE ONLY public.customer_references
    ADD CONSTRAINT customer_references_pkey PRIMARY KEY (account_id, reference);

ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (account_id, customer_id);

ALTER TABLE ONLY public.document_numbers
    ADD CONSTRAINT document_numbers_pkey PRIMARY KEY (account_id, series, seq);

ALTER TABLE ONLY public.event_corrections
    ADD CONSTRAINT event_corrections_pkey PRIMARY KEY (account_id, customer_id, event_id, correction_id);

ALTER TABLE ONLY public.event_keys
    ADD CONSTRAINT event_keys_pkey PRIMARY KEY (account_id, customer_id, key);

ALTER TABLE ONLY public.feature_costs
    ADD CONSTRAINT feature_costs_pkey PRIMARY KEY (account_id, cost_id);

ALTER TABLE ONLY public.features
    ADD CONSTRAINT features_pkey PRIMARY KEY (account_id, feature_id);

ALTER TABLE ONLY public.holds
    ADD CONSTRAINT holds_account_id_customer_id_key_key UNIQUE (account_id, customer_id, key);

ALTER TABLE ONLY public.holds
    ADD CONSTRAINT holds_pkey PRIMARY KEY (account_id, customer_id, hold_id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (account_id, identity);

ALTER TABLE ONLY public.invoice_lines
    ADD CONSTRAINT invoice_lines_pkey PRIMARY KEY (account_id, customer_id, invoice_id, "position");

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_pkey PRIMARY KEY (account_id, customer_id, invoice_id);

ALTER TABLE ONLY public.model_prices
    ADD CONSTRAINT model_prices_pkey PRIMARY KEY (account_id, model_price_id);

ALTER TABLE ONLY public.notices
    ADD CONSTRAINT notices_pkey PRIMARY KEY (account_id, customer_id, notice_id);

ALTER TABLE ONLY public.number_series
    ADD CONSTRAINT number_series_pkey PRIMARY KEY (account_id, series);

ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_pkey PRIMARY KEY (account_id, customer_id, payment_id);

ALTER TABLE ONLY public.pending_changes
    ADD CONSTRAINT pending_changes_pkey PRIMARY KEY (account_id, customer_id, subscription_id);

ALTER TABLE ONLY public.periods
    ADD CONSTRAINT periods_pkey PRIMARY KEY (account_id, customer_id, subscription_id, seq);

ALTER TABLE ONLY public.plan_versions
    ADD CONSTRAINT plan_versions_pkey PRIMARY KEY (account_id, version_id);

ALTER TABLE ONLY public.plans
    ADD CONSTRAINT plans_pkey PRIMARY KEY (account_id, plan_id);

ALTER TABLE ONLY public.reminders
    ADD CONSTRAINT reminders_pkey PRIMARY KEY (account_id, customer_id, invoice_id, level);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.segments
    ADD CONSTRAINT segments_pkey PRIMARY KEY (account_id, customer_id, subscription_id, seq, n);

ALTER TABLE ONLY public.statement_entries
    ADD CONSTRAINT statement_entries_pkey PRIMARY KEY (account_id, entry_id);

ALTER TABLE ONLY public.statement_parts
    ADD CONSTRAINT statement_parts_pkey PRIMARY KEY (account_id, customer_id, payment_id);

ALTER TABLE ONLY public.statements
    ADD CONSTRAINT statements_pkey PRIMARY KEY (account_id, statement_id);

ALTER TABLE ONLY public.subscriptions
    ADD CONSTRAINT subscriptions_pkey PRIMARY KEY (account_id, customer_id, subscription_id);

ALTER TABLE ONLY public.usage_events
    ADD CONSTRAINT usage_events_pkey PRIMARY KEY (account_id, customer_id, event_id, recorded_at);

ALTER TABLE ONLY public.usage_events_rest
    ADD CONSTRAINT usage_events_rest_pkey PRIMARY KEY (account_id, customer_id, event_id, recorded_at);

CREATE UNIQUE INDEX api_keys_hash ON public.api_keys USING btree (hash);

CREATE INDEX applications_invoice ON public.applications USING btree (account_id, customer_id, invoice_id);

CREATE INDEX applications_source ON public.applications USING btree (account_id, source_id) WHERE (source_id IS NOT NULL);

CREATE INDEX counters_awaiting ON public.counters USING btree (account_id, customer_id, subscription_id) WHERE awaits_invoice;

CREATE UNIQUE INDEX credit_grants_identity ON public.credit_grants USING btree (account_id, customer_id, subscription_id, seq, pool_id, "window", n) WHERE (subscription_id IS NOT NULL);

CREATE INDEX credit_grants_usable ON public.credit_grants USING btree (account_id, customer_id, pool_id) WHERE (remaining > (0)::numeric);

CREATE INDEX credit_notes_id ON public.credit_notes USING btree (credit_note_id);

CREATE UNIQUE INDEX credit_notes_identity ON public.credit_notes USING btree (account_id, customer_id, subscription_id, seq, kind, n);

CREATE UNIQUE INDEX credit_pools_denomination ON public.credit_pools USING btree (account_id, customer_id, denomination);

CREATE INDEX credit_pools_due ON public.credit_pools USING btree (account_id, next_due_at) WHERE (next_due_at IS NOT NULL);

CREATE UNIQUE INDEX credit_prices_instant ON public.credit_prices USING btree (account_id, denomination, currency, effective_from);

CREATE INDEX credit_transactions_by_id ON public.credit_transactions USING btree (transaction_id);

CREATE UNIQUE INDEX credit_transactions_id ON public.credit_transactions USING btree (account_id, customer_id, transaction_id);

CREATE UNIQUE INDEX credit_transactions_reverses ON public.credit_transactions USING btree (account_id, customer_id, reverses) WHERE ((reverses IS NOT NULL) AND (kind = 'REVERSAL'::text));

CREATE UNIQUE INDEX credit_weights_instant ON public.credit_weights USING btree (account_id, feature_key, model, effective_from);

CREATE INDEX customers_newest ON public.customers USING btree (account_id, created_at DESC, customer_id DESC);

CREATE UNIQUE INDEX document_numbers_number ON public.document_numbers USING btree (account_id, series, number);

CREATE UNIQUE INDEX feature_costs_instant ON public.feature_costs USING btree (account_id, feature_key, effective_from);

CREATE UNIQUE INDEX features_key ON public.features USING btree (account_id, key);

CREATE INDEX holds_by_id ON public.holds USING btree (account_id, hold_id);

CREATE INDEX holds_open ON public.holds USING btree (account_id, customer_id, expires_at) WHERE (status = 'HELD'::text);

CREATE INDEX idempotency_keys_created_at ON public.idempotency_keys USING btree (created_at);

CREATE INDEX invoices_account_newest ON public.invoices USING btree (account_id, created_at DESC, invoice_id DESC);

CREATE INDEX invoices_due ON public.invoices USING btree (account_id, past_due_at) WHERE ((subscription_id IS NULL) AND (status = 'DUE'::text));

CREATE INDEX invoices_id ON public.invoices USING btree (invoice_id);

CREATE UNIQUE INDEX invoices_identity ON public.invoices USING btree (account_id, customer_id, subscription_id, seq, kind, n) WHERE (subscription_id IS NOT NULL);

CREATE INDEX invoices_newest ON public.invoices USING btree (account_id, customer_id, created_at DESC, invoice_id DESC);

CREATE INDEX invoices_open ON public.invoices USING btree (account_id, customer_id) WHERE (status = ANY (ARRAY['PENDING'::text, 'DUE'::text, 'PAST_DUE'::text, 'UNCOLLECTIBLE'::text]));

CREATE UNIQUE INDEX model_prices_instant ON public.model_prices USING btree (account_id, provider, model, effective_from);

CREATE INDEX payments_id ON public.payments USING btree (payment_id);

CREATE INDEX payments_newest ON public.payments USING btree (account_id, recorded_at DESC, payment_id DESC);

CREATE UNIQUE INDEX payments_reference ON public.payments USING btree (account_id, customer_id, reference) WHERE (reference IS NOT NULL);

CREATE UNIQUE INDEX periods_start ON public.periods USING btree (account_id, customer_id, subscription_id, starts_at) WHERE (starts_at < ends_at);

CREATE UNIQUE INDEX plan_versions_number ON public.plan_versions USING btree (account_id, plan_id, number);

CREATE UNIQUE INDEX plans_key ON public.plans USING btree (account_id, key);

CREATE INDEX reminders_newest ON public.reminders USING btree (account_id, planned_at DESC);

CREATE INDEX reminders_sending ON public.reminders USING btree (claimed_at) WHERE (state = 'SENDING'::text);

CREATE INDEX reminders_waiting ON public.reminders USING btree (next_try_at) WHERE (next_try_at IS NOT NULL);

CREATE UNIQUE INDEX statement_entries_identity ON public.statement_entries USING btree (account_id, identity);

CREATE INDEX statement_entries_newest ON public.statement_entries USING btree (account_id, booked_on DESC, entry_id DESC);

CREATE INDEX statement_entries_open ON public.statement_entries USING btree (account_id, booked_on DESC, entry_id DESC) WHERE ((open > (0)::numeric) AND (ignored_at IS NULL));

CREATE UNIQUE INDEX statement_entries_takes_back ON public.statement_entries USING btree (account_id, takes_back) WHERE (takes_back IS NOT NULL);

CREATE INDEX statement_parts_entry ON public.statement_parts USING btree (account_id, entry_id);

CREATE INDEX statements_newest ON public.statements USING btree (account_id, imported_at DESC, statement_id DESC);

CREATE INDEX subscriptions_due ON public.subscriptions USING btree (account_id, next_due_at) WHERE (next_due_at IS NOT NULL);

CREATE INDEX subscriptions_id ON public.subscriptions USING btree (subscription_id);

CREATE INDEX subscriptions_newest ON public.subscriptions USING btree (account_id, created_at DESC, subscription_id DESC);

CREATE INDEX usage_events_customer ON ONLY public.usage_events USING btree (account_id, customer_id, recorded_at DESC, event_id DESC);

CREATE INDEX usage_events_rest_account_id_customer_id_recorded_at_event__idx ON public.usage_events_rest USING btree (account_id, customer_id, recorded_at DESC, event_id DESC);

ALTER INDEX public.usage_events_customer ATTACH PARTITION public.usage_events_rest_account_id_customer_id_recorded_at_event__idx;

ALTER INDEX public.usage_events_pkey ATTACH PARTITION public.usage_events_rest_pkey;

CREATE TRIGGER credit_notes_issued BEFORE DELETE OR UPDATE ON public.credit_notes FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER document_numbers_given BEFORE DELETE OR UPDATE ON public.document_numbers FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER invoice_lines_issued BEFORE DELETE OR UPDATE ON public.invoice_lines FOR EACH ROW EXECUTE FUNCTION public.refuse_change_of_issued_line();

CREATE TRIGGER invoices_issued BEFORE UPDATE ON public.invoices FOR EACH ROW WHEN (((old.number IS NOT NULL) AND ((((((((((((((((((((((((old.account_id IS DISTINCT FROM new.account_id) OR (old.customer_id IS DISTINCT FROM new.customer_id)) OR (old.invoice_id IS DISTINCT FROM new.invoice_id)) OR (old.subscription_id IS DISTINCT FROM new.subscription_id)) OR (old.seq IS DISTINCT FROM new.seq)) OR (old.kind IS DISTINCT FROM new.kind)) OR (old.n IS DISTINCT FROM new.n)) OR (old.number IS DISTINCT FROM new.number)) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.subtotal IS DISTINCT FROM new.subtotal)) OR (old.tax_rate IS DISTINCT FROM new.tax_rate)) OR (old.tax_category IS DISTINCT FROM new.tax_category)) OR (old.tax_exemption_reason IS DISTINCT FROM new.tax_exemption_reason)) OR (old.tax_amount IS DISTINCT FROM new.tax_amount)) OR (old.amount IS DISTINCT FROM new.amount)) OR (old.issued_at IS DISTINCT FROM new.issued_at)) OR (old.due_at IS DISTINCT FROM new.due_at)) OR (old.past_due_at IS DISTINCT FROM new.past_due_at)) OR (old.memo IS DISTINCT FROM new.memo)) OR (old.parties IS DISTINCT FROM new.parties)) OR (old.purchase_denomination IS DISTINCT FROM new.purchase_denomination)) OR (old.purchase_credits IS DISTINCT FROM new.purchase_credits)) OR (old.created_at IS DISTINCT FROM new.created_at)) OR ((old.starts_at IS NOT NULL) AND ((old.starts_at IS DISTINCT FROM new.starts_at) OR (old.ends_at IS DISTINCT FROM new.ends_at))) OR ((old.status = 'VOID'::text) AND (new.status <> 'VOID'::text))))) EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER invoices_kept BEFORE DELETE ON public.invoices FOR EACH ROW WHEN ((old.number IS NOT NULL)) EXECUTE FUNCTION public.refuse_change();

ALTER TABLE ONLY public.account_logos
    ADD CONSTRAINT account_logos_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(account_id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(account_id);

ALTER TABLE ONLY public.applications
    ADD CONSTRAINT applications_account_id_customer_id_invoice_id_fkey FOREIGN KEY (account_id, customer_id, invoice_id) REFERENCES public.invoices(account_id, customer_id, invoice_id);

ALTER TABLE ONLY public.balance_entries
    ADD CONSTRAINT balance_entries_account_id_customer_id_currency_fkey FOREIGN KEY (account_id, customer_id, currency) REFERENCES public.balances(account_id, customer_id, currency);

ALTER TABLE ONLY public.balances
    ADD CONSTRAINT balances_account_id_customer_id_fkey FOREIGN KEY (account_id, customer_id) REFERENCES public.customers(account_id, customer_id);

ALTER TABLE ONLY public.counter_values
    ADD CONSTRAINT counter_values_account_id_customer_id_subscription_id_seq_fkey FOREIGN KEY (account_id, customer_id, subscription_id, seq) REFERENCES public.periods(account_id, customer_id, subscription_id, seq);

ALTER TABLE ONLY public.counters
    ADD CONSTRAINT counters_account_id_customer_id_billed_by_fkey FOREIGN KEY (account_id, customer_id, billed_by) REFERENCES public.invoices(account_id, customer_id, invoice_id);

ALTER TABLE ONLY public.counters
    ADD CONSTRAINT counters_account_id_customer_id_subscription_id_seq_fkey FOREIGN KEY (account_id, customer_id, subscription_id, seq) REFERENCES public.periods(account_id, customer_id, subscription_id, seq);

ALTER TABLE ONLY public.counters
    ADD CONSTRAINT counters_account_id_version_id_fkey FOREIGN KEY (account_id, version_id) REFERENCES public.plan_versions(account_id, version_id);

ALTER TABLE ONLY public.credit_grants
    ADD CONSTRAINT credit_grants_account_id_customer_id_pool_id_fkey FOREIGN KEY (account_id, customer_id, pool_id) REFERENCES public.credit_pools(account_id, customer_id, pool_id);

ALTER TABLE ONLY public.credit_grants
    ADD CONSTRAINT credit_grants_account_id_customer_id_subscription_id_fkey FOREIGN KEY (account_id, customer_id, subscription_id) REFERENCES public.subscriptions(account_id, customer_id, subscription_id);

ALTER TABLE ONLY public.credit_models
    ADD CONSTRAINT credit_models_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(account_id);

ALTER TABLE ONLY public.credit_notes
    ADD CONSTRAINT credit_notes_account_id_customer_id_subscription_id_fkey FOREIGN KEY (account_id, customer_id, subscription_id) REFERENCES public.subscriptions(account_id, customer_id, subscription_id);

ALTER TABLE ONLY public.credit_pools
    ADD CONSTRAINT credit_pools_account_id_customer_id_fkey FOREIGN KEY (account_id, customer_id) REFERENCES public.customers(account_id, customer_id);

ALTER TABLE ONLY public.credit_pools
    ADD CONSTRAINT credit_pools_account_id_denomination_fkey FOREIGN KEY (account_id, denomination) REFERENCES public.credit_models(account_id, denomination);

ALTER TABLE ONLY public.credit_prices
    ADD CONSTRAINT credit_prices_account_id_denomination_fkey FOREIGN KEY (account_id, denomination) REFERENCES public.credit_models(account_id, denomination);

ALTER TABLE ONLY public.credit_transactions
    ADD CONSTRAINT credit_transactions_account_id_customer_id_pool_id_fkey FOREIGN KEY (account_id, customer_id, pool_id) REFERENCES public.credit_pools(account_id, customer_id, pool_id);

ALTER TABLE ONLY public.credit_weights
    ADD CONSTRAINT credit_weights_account_id_feature_key_fkey FOREIGN KEY (account_id, feature_key) REFERENCES public.features(account_id, key);

ALTER TABLE ONLY public.customer_references
    ADD CONSTRAINT customer_references_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(account_id);

ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(account_id);

ALTER TABLE ONLY public.document_numbers
    ADD CONSTRAINT document_numbers_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(account_id);

ALTER TABLE ONLY public.document_numbers
    ADD CONSTRAINT document_numbers_account_id_series_fkey FOREIGN KEY (account_id, series) REFERENCES public.number_series(account_id, series);

ALTER TABLE ONLY public.event_corrections
    ADD CONSTRAINT event_corrections_account_id_customer_id_fkey FOREIGN KEY (account_id, customer_id) REFERENCES public.customers(account_id, customer_id);

ALTER TABLE ONLY public.event_keys
    ADD CONSTRAINT event_keys_account_id_customer_id_fkey FOREIGN KEY (account_id, customer_id) REFERENCES public.customers(account_id, customer_id);

ALTER TABLE ONLY public.feature_costs
    ADD CONSTRAINT feature_costs_account_id_feature_key_fkey FOREIGN KEY (account_id, feature_key) REFERENCES public.features(account_id, key);

ALTER TABLE ONLY public.features
    ADD CONSTRAINT features_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(account_id);

ALTER TABLE ONLY public.holds
    ADD CONSTRAINT holds_account_id_customer_id_subscription_id_seq_fkey FOREIGN KEY (account_id, customer_id, subscription_id, seq) REFERENCES public.periods(account_id, customer_id, subscription_id, seq);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(account_id);

ALTER TABLE ONLY public.invoice_lines
    ADD CONSTRAINT invoice_lines_account_id_customer_id_invoice_id_fkey FOREIGN KEY (account_id, customer_id, invoice_id) REFERENCES public.invoices(account_id, customer_id, invoice_id);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_account_id_customer_id_fkey FOREIGN KEY (account_id, customer_id) REFERENCES public.customers(account_id, customer_id);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_account_id_customer_id_subscription_id_fkey FOREIGN KEY (account_id, customer_id, subscription_id) REFERENCES public.subscriptions(account_id, customer_id, subscription_id);

ALTER TABLE ONLY public.model_prices
    ADD CONSTRAINT model_prices_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(account_id);

ALTER TABLE ONLY public.number_series
    ADD CONSTRAINT number_series_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(account_id);

ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_account_id_customer_id_fkey FOREIGN KEY (account_id, customer_id) REFERENCES public.customers(account_id, customer_id);

ALTER TABLE ONLY public.pending_changes
    ADD CONSTRAINT pending_changes_account_id_customer_id_subscription_id_fkey FOREIGN KEY (account_id, customer_id, subscription_id) REFERENCES public.subscriptions(account_id, customer_id, subscription_id);

ALTER TABLE ONLY public.pending_changes
    ADD CONSTRAINT pending_changes_account_id_version_id_fkey FOREIGN KEY (account_id, version_id) REFERENCES public.plan_versions(account_id, version_id);

ALTER TABLE ONLY public.periods
    ADD CONSTRAINT periods_account_id_customer_id_subscription_id_fkey FOREIGN KEY (account_id, customer_id, subscription_id) REFERENCES public.subscriptions(account_id, customer_id, subscription_id);

ALTER TABLE ONLY public.plan_versions
    ADD CONSTRAINT plan_versions_account_id_plan_id_fkey FOREIGN KEY (account_id, plan_id) REFERENCES public.plans(account_id, plan_id);

ALTER TABLE ONLY public.plans
    ADD CONSTRAINT plans_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(account_id);

ALTER TABLE ONLY public.reminders
    ADD CONSTRAINT reminders_account_id_customer_id_invoice_id_fkey FOREIGN KEY (account_id, customer_id, invoice_id) REFERENCES public.invoices(account_id, customer_id, invoice_id);

ALTER TABLE ONLY public.segments
    ADD CONSTRAINT segments_account_id_customer_id_invoice_id_fkey FOREIGN KEY (account_id, customer_id, invoice_id) REFERENCES public.invoices(account_id, customer_id, invoice_id);

ALTER TABLE ONLY public.segments
    ADD CONSTRAINT segments_account_id_customer_id_subscription_id_seq_fkey FOREIGN KEY (account_id, customer_id, subscription_id, seq) REFERENCES public.periods(account_id, customer_id, subscription_id, seq);

ALTER TABLE ONLY public.segments
    ADD CONSTRAINT segments_account_id_version_id_fkey FOREIGN KEY (account_id, version_id) REFERENCES public.plan_versions(account_id, version_id);

ALTER TABLE ONLY public.statement_entries
    ADD CONSTRAINT statement_entries_account_id_statement_id_fkey FOREIGN KEY (account_id, statement_id) REFERENCES public.statements(account_id, statement_id);

ALTER TABLE ONLY public.statement_parts
    ADD CONSTRAINT statement_parts_account_id_customer_id_payment_id_fkey FOREIGN KEY (account_id, customer_id, payment_id) REFERENCES public.payments(account_id, customer_id, payment_id);

ALTER TABLE ONLY public.statement_parts
    ADD CONSTRAINT statement_parts_account_id_entry_id_fkey FOREIGN KEY (account_id, entry_id) REFERENCES public.statement_entries(account_id, entry_id);

ALTER TABLE ONLY public.statements
    ADD CONSTRAINT statements_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(account_id);

ALTER TABLE ONLY public.subscriptions
    ADD CONSTRAINT subscriptions_account_id_customer_id_fkey FOREIGN KEY (account_id, customer_id) REFERENCES public.customers(account_id, customer_id);

ALTER TABLE ONLY public.subscriptions
    ADD CONSTRAINT subscriptions_account_id_plan_id_fkey FOREIGN KEY (account_id, plan_id) REFERENCES public.plans(account_id, plan_id);

ALTER TABLE ONLY public.subscriptions
    ADD CONSTRAINT subscriptions_account_id_version_id_fkey FOREIGN KEY (account_id, version_id) REFERENCES public.plan_versions(account_id, version_id);

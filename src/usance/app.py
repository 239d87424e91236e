"""The application: the routers in one place, behind the edge."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Final

from fastapi import APIRouter, FastAPI, Response
from pydantic.alias_generators import to_camel
from starlette.types import ASGIApp

from usance.api import (
    catalog,
    clock,
    costs,
    credit_notes,
    credit_prices,
    credits,
    customers,
    e_invoices,
    entitlements,
    errors,
    events,
    explanations,
    features,
    holds,
    invoices,
    journal,
    json,
    logos,
    migrations,
    openapi,
    papers,
    payments,
    plans,
    receivables,
    reminders,
    statements,
    subscriptions,
    system,
)
from usance.api import settings as account_settings
from usance.api.edge import PREFIX, Edge
from usance.api.hot import Hot
from usance.settings import Settings
from usance.store.db import Db
from usance.store.kept import Kept

# In the order of the documentation.
ROUTERS: Final[tuple[APIRouter, ...]] = (
    customers.router,
    plans.router,
    features.router,
    migrations.router,
    catalog.router,
    subscriptions.router,
    invoices.router,
    credit_notes.router,
    explanations.router,
    papers.router,
    e_invoices.router,
    entitlements.router,
    events.router,
    holds.router,
    credits.router,
    credit_prices.router,
    costs.router,
    statements.router,  # before the payments, whose ids would take its path
    payments.router,
    receivables.router,
    journal.router,
    reminders.router,
    account_settings.router,
    logos.router,
    clock.router,
)


def create_app(db: Db, settings: Settings) -> ASGIApp:
    """Return the ASGI application on an open database, which stays the caller's to close."""
    app = routed(db, settings)
    return Edge(Hot(app, db, app.state.kept))


def routed(db: Db, settings: Settings) -> FastAPI:
    """Return the routes, each in its ordinary way, with their documentation."""
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        # What generated clients call their methods: createCustomer.
        generate_unique_id_function=lambda route: to_camel(route.name),
    )
    app.state.db = db
    app.state.kept = Kept()
    app.state.settings = settings
    errors.install(app)
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX)
    app.include_router(system.router)
    system.add_docs_assets(app)
    app.add_api_route("/openapi.json", _document(app), include_in_schema=False)
    return app


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield


def _document(app: FastAPI) -> Callable[[], Awaitable[Response]]:
    @cache
    def rendered() -> bytes:
        return json.render(openapi.document(app))

    async def serve() -> Response:
        return Response(rendered(), media_type="application/json")

    return serve

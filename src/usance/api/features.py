"""The routes of features."""

from typing import Annotated, Final, TypeAlias
from uuid import UUID

from fastapi import Path, Response
from pydantic import Field

from usance.actions import catalog
from usance.api import routes
from usance.api.answers import Many, One, answer, listing, show
from usance.api.bodies import Shape, Strict
from usance.api.calls import Command, Reading
from usance.api.fields import PathReference
from usance.api.pages import Paging
from usance.api.routes import refuses
from usance.core.catalog import Feature
from usance.core.catalog_document.fields import NAME_LENGTH, TEXT_LENGTH
from usance.core.refusals import Code

router: Final = routes.router("Features")

FeatureInPath: TypeAlias = Annotated[
    PathReference, Path(alias="featureKey", description="May hold dots.")
]


class FeatureChange(Strict):
    """What is to change of a feature: an absent field stays."""

    # What an absent field holds is never read: `sent` leaves it out.
    name: str = Field(default_factory=str, min_length=1, max_length=NAME_LENGTH)
    description: str = Field(default_factory=str, max_length=TEXT_LENGTH)
    enabled: bool = Field(
        default_factory=bool,
        description="False: checks deny it. Its usage is still recorded, and billed.",
    )

    def sent(self) -> dict[str, object]:
        """Return the fields that were sent."""
        return self.model_dump(exclude_unset=True)


class FeatureShape(Shape):
    """A feature."""

    id: UUID
    key: str
    name: str
    description: str
    enabled: bool


@router.get("/features", response_model=Many[FeatureShape])
async def list_features(call: Reading, page: Paging) -> Response:
    """List the features, oldest first."""
    return await listing(
        call,
        page,
        lambda tx: catalog.features(tx, call, limit=page.limit, offset=page.offset),
        shown,
    )


@router.get(
    "/features/{featureKey}",
    response_model=One[FeatureShape],
    responses=refuses(Code.FEATURE_NOT_FOUND),
)
async def get_feature(key: FeatureInPath, call: Reading) -> Response:
    """Show a feature."""
    return await show(call, lambda tx: catalog.feature(tx, call, key), shown)


@router.patch(
    "/features/{featureKey}",
    response_model=One[FeatureShape],
    responses=refuses(Code.FEATURE_NOT_FOUND),
)
async def update_feature(key: FeatureInPath, body: FeatureChange, call: Command) -> Response:
    """Rename a feature, describe it, or switch it off and on."""
    return await answer(call, lambda tx: catalog.update_feature(tx, call, key, body.sent()), shown)


def shown(feature: Feature) -> FeatureShape:
    """Return the feature as it is answered."""
    return FeatureShape(
        id=feature.id,
        key=feature.key,
        name=feature.name,
        description=feature.description,
        enabled=feature.enabled,
    )

"""The API's fixtures serve here too."""

from tests.api.conftest import _logs, api, db, other_api

__all__ = ["_logs", "api", "db", "other_api"]

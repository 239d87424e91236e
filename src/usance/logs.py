"""Logs: one line an event, to standard error, for a person or (JSON) for a program.

At INFO and above a line holds ids, counts, codes and routes, never what a customer is called: no
names, addresses, references, bodies or keys.
"""

import logging
import sys
from typing import Final

import structlog
from structlog.typing import FilteringBoundLogger, Processor

_OWN: Final = logging.getLogger("usance")
# A traceback shows where, never with what: a local may be a key or a customer.
_without_locals: Final = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


def configure(*, level: str = "info", json: bool = False) -> None:
    """Send all logs of the process, the libraries' too, to standard error in one format."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor] = (
        [
            structlog.processors.ExceptionRenderer(_without_locals),
            structlog.processors.JSONRenderer(),
        ]
        if json
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # A library's chatter is of use only to those who asked for all of it.
    root.setLevel(max(threshold, logging.WARNING) if threshold > logging.DEBUG else threshold)
    _OWN.setLevel(threshold)


def get(name: str) -> FilteringBoundLogger:
    """Return the logger of a part of Usance: `logs.get(__name__)`."""
    logger: FilteringBoundLogger = structlog.get_logger(name)
    return logger


def tells_all() -> bool:
    """Whether lines of the level DEBUG are written: else they need not be made."""
    return _OWN.isEnabledFor(logging.DEBUG)

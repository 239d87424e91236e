"""Templates: text with `{{ names }}` in it, filled in; the same text as HTML, escaped.

A template is text and names, nothing more: no conditions, loops, filters or attributes. So one of the
seller's own cannot read what is not given to it, and takes no longer than its length.

Sources: BILLING.md, "Receivables" ("Reminders").
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from jinja2 import Template, TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment

_COMPILED_KEPT: Final = 256  # to compile one takes a hundred times as long as to fill it in

NAMES: Final = (
    "seller", "customer", "number", "amountDue", "dueDate", "daysOverdue", "reference",
    "paymentDetails",
)  # fmt: skip
"""What a template may name."""

_TEXT: Final = SandboxedEnvironment(autoescape=False, keep_trailing_newline=True)
_HTML: Final = SandboxedEnvironment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
_PAGE: Final = _HTML.from_string(
    """<!doctype html>
<html lang="{{ language }}">
<head><meta charset="utf-8"><title>{{ subject }}</title></head>
<body style="font-family: sans-serif; line-height: 1.5">
{% for lines in paragraphs %}
<p>{% for line in lines %}{{ line }}{% if not loop.last %}<br>{% endif %}{% endfor %}</p>
{% endfor %}
</body>
</html>
"""
)


class BadTemplate(ValueError):  # noqa: N818 - named by the fact, like a refusal
    """A template that cannot be used; the message says why."""


def check(text: str) -> None:
    """Raise `BadTemplate` unless a text is text and names that are known."""
    try:
        tree = _TEXT.parse(text)
    except TemplateSyntaxError as error:
        raise BadTemplate(f"This is no template: {error.message or 'it cannot be read'}.") from None
    for output in tree.body:
        if not isinstance(output, nodes.Output):
            raise _too_much()
        for part in output.nodes:
            if isinstance(part, nodes.Name) and part.name not in NAMES:
                raise BadTemplate(f"There is no {part.name!r}; there are {', '.join(NAMES)}.")
            if not isinstance(part, nodes.TemplateData | nodes.Name):
                raise _too_much()


def _too_much() -> BadTemplate:
    return BadTemplate("A template is text with {{ names }} in it, and nothing more.")


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a template that was checked, with the values in it."""
    return _compiled(text).render(values)


@lru_cache(maxsize=_COMPILED_KEPT)
def _compiled(text: str) -> Template:
    return _TEXT.from_string(text)


def page(body: str, *, subject: str, language: str) -> str:
    """Return a text as a page of HTML: a paragraph for what stands between empty lines."""
    return _PAGE.render(paragraphs=_paragraphs(body), subject=subject, language=language)


def _paragraphs(body: str) -> list[Sequence[str]]:
    found: list[list[str]] = [[]]
    for line in body.splitlines():
        if line.strip():
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return [lines for lines in found if lines]

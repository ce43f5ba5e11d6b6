"""Templates in one language: their sentences are looked up in its catalogue."""

from jinja2 import Environment
from markupsafe import Markup

from changeflow.languages.language import Language


def say_in(environment: Environment, language: Language) -> Environment:
    """Give an environment `{% trans %}` and `_()` in a language, and return it.

    Templates have its code as `language`, the language itself as `in_language`, and `in_english`, which marks an
    element as English.
    """
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(language.catalogue, newstyle=True)  # type: ignore[attr-defined]
    # A trust's own templates compare its code: {% if language == "cy" %}.
    environment.globals |= {"language": language.code, "in_language": language}
    # For parts of a page that are in English in every language.
    environment.globals["in_english"] = "" if language.code == "en" else Markup(' lang="en"')
    environment.filters["say"] = language.say
    return environment

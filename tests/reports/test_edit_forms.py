"""The fields of forms for edits of the plan: what is asked for is on the form."""

from dataclasses import replace
from pathlib import Path

from changeflow.programme.programme import Programme
from changeflow.reports.edit_forms import FORMS, fields_for
from tests.rules.judging import judged


def with_pathway(programme: Programme, id_: str, name: str) -> Programme:
    """The programme as if its services followed one template with this id and name."""
    [pathway] = programme.definition.pathways
    own = (pathway.model_copy(update={"pathway": id_, "name": name}),)
    return replace(programme, definition=programme.definition.model_copy(update={"pathways": own}))


def test_a_new_service_follows_the_standard_template_unless_another_is_chosen(tmp_path: Path):
    programme, form = judged(tmp_path).programme, FORMS["add-service"]
    required = {field.name for field in form.fields if field.missing}
    only_standard = fields_for(form, with_pathway(programme, "central-service", "Central service"), "")
    assert required <= {field.name for field in only_standard}
    assert "pathway" not in {field.name for field in only_standard}
    [template] = [f for f in fields_for(form, with_pathway(programme, "short", "Short"), "") if f.name == "pathway"]
    assert (template.empty, template.options) == ("The standard template", (("short", "Short"),))
    given = {"name": "Estates", "pathway": "", "service_class": "general", "lead_provider": ""}
    assert "pathway" not in form.fill(given)

"""How Django draws a form here: `{{ form }}` and `{{ field.as_field_group }}` use our components."""

from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    """The renderer named in settings.FORM_RENDERER."""

    form_template_name = "components/_form.html"
    field_template_name = "components/_field.html"

"""Sentences of Django and of its REST framework that this site says in its own words, in both catalogues.

Only a list for the collector of strings (see translation.py): nothing imports it.
"""

from django.utils.translation import gettext_noop, ngettext

gettext_noop("This field is required.")
gettext_noop("Enter a valid value.")
gettext_noop("Enter a whole number.")
gettext_noop("Enter a number.")
gettext_noop("Enter a valid email address.")
gettext_noop("Ensure this value is less than or equal to %(limit_value)s.")
gettext_noop("Ensure this value is greater than or equal to %(limit_value)s.")
gettext_noop("This field may not be blank.")
gettext_noop("A valid integer is required.")
gettext_noop("A valid number is required.")
gettext_noop("Ensure this value is less than or equal to {max_value}.")
gettext_noop("Ensure this value is greater than or equal to {min_value}.")
gettext_noop("Select a valid choice. %(value)s is not one of the available choices.")
gettext_noop("Select a valid choice. That choice is not one of the available choices.")
gettext_noop("The submitted file is empty.")
gettext_noop("No file was submitted. Check the encoding type on the form.")
ngettext(
    "Ensure this value has at most %(limit_value)d character (it has %(show_value)d).",
    "Ensure this value has at most %(limit_value)d characters (it has %(show_value)d).",
    2,
)

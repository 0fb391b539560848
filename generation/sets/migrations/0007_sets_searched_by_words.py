"""Sets keep what is said of them as it is searched: SQLite knows no letter case but the Latin one's."""

import unicodedata

from django.db import migrations, models


def fill(apps, _schema_editor):
    """Write the words of every set; a copy of what the model does, as it was when this was written."""
    sets = apps.get_model("sets", "ImageSet").objects

    def folded(text):
        return unicodedata.normalize("NFKC", text.replace("\x1e", " ").replace("\x1f", " ")).casefold()

    for one in sets.only("name", "note", "tags").iterator(chunk_size=1000):
        tags = "".join(f"{folded(tag)}\x1f" for tag in one.tags)
        words = f"{folded(one.name)}\x1e{folded(one.note)}\x1e\x1f{tags}"
        sets.filter(pk=one.pk).update(words=words)


class Migration(migrations.Migration):

    dependencies = [
        ('sets', '0006_scores_along_an_index'),
    ]

    operations = [
        migrations.AddField(
            model_name='imageset',
            name='words',
            field=models.TextField(default='', editable=False),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]

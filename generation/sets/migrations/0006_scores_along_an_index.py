"""What a scorer says knows the image's set and number, so that an index leads through a gallery in its order."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def fill(apps, _schema_editor):
    """Write set and number of the image into every score."""
    image = apps.get_model("sets", "Image").objects.filter(pk=OuterRef("image"))
    apps.get_model("sets", "Score").objects.update(
        image_set=Subquery(image.values("image_set")[:1]), index=Subquery(image.values("index")[:1])
    )


class Migration(migrations.Migration):

    dependencies = [
        ('sets', '0005_starred_images'),
    ]

    operations = [
        migrations.AddField(
            model_name='score',
            name='image_set',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='sets.imageset'),
        ),
        migrations.AddField(
            model_name='score',
            name='index',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='score',
            name='image_set',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='sets.imageset'),
        ),
        migrations.AlterField(
            model_name='score',
            name='index',
            field=models.PositiveIntegerField(),
        ),
        migrations.AddIndex(
            model_name='score',
            index=models.Index(fields=['image_set', 'scorer', 'value', 'index'], name='sets_scores_by_value'),
        ),
    ]

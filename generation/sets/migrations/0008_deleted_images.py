"""Deleted images are counted and walked through without a look at the others."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sets', '0007_sets_searched_by_words'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(('deleted_at__isnull', False)), fields=['image_set', 'index'], name='sets_images_deleted'),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("lab", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="dataset", name="features", field=models.JSONField(blank=True, default=dict)
        ),
    ]

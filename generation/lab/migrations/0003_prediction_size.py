from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("lab", "0002_kept_features")]

    operations = [
        migrations.AddField(
            model_name="prediction",
            name="size",
            field=models.PositiveBigIntegerField(default=0, verbose_name="bytes"),
        ),
    ]

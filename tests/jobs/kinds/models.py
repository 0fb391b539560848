"""What the test kinds did. Nothing is unique here on purpose: a thing done twice must show."""

from django.db import models


class Effect(models.Model):
    """One step of one job, written under its guard."""

    job_id = models.UUIDField(db_index=True)
    step = models.IntegerField()
    attempt = models.IntegerField()
    pid = models.IntegerField()

    def __str__(self):
        return f"{self.job_id} {self.step}"


class End(models.Model):
    """One call of on_end."""

    job_id = models.UUIDField(db_index=True)
    state = models.CharField(max_length=9)

    def __str__(self):
        return f"{self.job_id} {self.state}"

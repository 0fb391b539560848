"""Russian dates: 21 ноября 2026, 17:05. The rest is Django's."""

DATE_FORMAT = "j E Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j E Y, H:i"
SHORT_DATE_FORMAT = "j E Y"
SHORT_DATETIME_FORMAT = "j E, H:i"
MONTH_DAY_FORMAT = "j E"

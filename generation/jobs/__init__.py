"""The life of long work: one table of jobs, workers that claim them, and a watchdog that nothing escapes."""

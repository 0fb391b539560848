"""Sets: from an order to a stored, browsable, downloadable set."""

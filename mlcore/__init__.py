"""Networks, data and measures of generated palms. Knows nothing of the site that shows them."""

"""Lab: fit a model that tells real images from made ones, look at the data, ask it."""

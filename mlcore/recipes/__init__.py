"""One file per way of training; augment.py stands beside them."""

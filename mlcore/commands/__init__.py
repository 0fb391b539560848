"""One module for each command of `python -m mlcore`, imported only when it is asked for."""

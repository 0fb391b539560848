"""How good a set is: measurements, references, comparisons, certificates."""

"""The house: settings, addresses, what surrounds every request, and the commands of the operator."""

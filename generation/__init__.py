"""What people do with generated palms: jobs, uploads, sets, evaluation and the lab, each a room of its own."""

"""What the REST API understands and answers, apart from its paths."""

"""A head start: an adapter trained once over constructed databases, for every database to come."""

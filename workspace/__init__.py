"""Where everything a person makes is kept: paths, settings, projects, rows, events, errors."""

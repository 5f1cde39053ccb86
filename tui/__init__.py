"""The face: the command line and the app."""

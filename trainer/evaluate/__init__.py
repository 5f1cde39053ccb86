"""Evaluation: questions with known answers in, an honest report out."""

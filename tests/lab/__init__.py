"""Functions that start what the tests need, and judge what they see."""

"""Milepost for PyTorch."""

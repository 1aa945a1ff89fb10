"""Liquids of numbers: echo state networks, liquid differential equations, and their way onto chips."""

"""Generators: wirings of neurons in space or without, and the liquids made from them."""

"""Talking head: a portrait whose mouth, eyes and head move in time with speech."""

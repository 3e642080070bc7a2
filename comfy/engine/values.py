"""Checking one literal input of a node: conversion, range, choices, the node's own check."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from comfy.engine.description import choices_of, input_config
from comfy.engine.folders import Folders
from comfy.engine.node import Node

Problem = dict[str, Any]  # {type, message, details, extra_info}

LONG_LIST = 20  # longer choices are not repeated in an error
CONVERTERS: Mapping[str, type] = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}


def problem(type_: str, message: str, details: str = "", **extra_info: Any) -> Problem:
    return {"type": type_, "message": message, "details": details, "extra_info": extra_info}


def check_value(node: Node, name: str, given: dict[str, Any], folders: Folders) -> Problem | None:
    """Check an input that is no link; `given[name]` is replaced by the converted value."""
    fault = _convert(node, name, given, folders)
    if fault is not None or name in validated_names(node):
        return fault
    return _check_range(node, name, given[name], folders) or _check_choice(
        node, name, given[name], folders
    )


def run_validate(node: Node, constants: Mapping[str, Any], folders: Folders) -> Iterator[Problem]:
    """Let the node check its own inputs (VALIDATE_INPUTS); one problem for each it was given."""
    covered = {name: constants[name] for name in constants if name in validated_names(node)}
    if node.validate is None or not covered:
        return
    said = node.validate(folders, **covered)
    for name in covered if said else ():
        message = "Custom validation failed for node"
        yield problem("custom_validation_failed", message, f"{name} - {said}", input_name=name)


def validated_names(node: Node) -> frozenset[str]:
    """Name the inputs that the node's own `validate` takes: it replaces range and list."""
    if node.validate is None:
        return frozenset()
    parameters = list(inspect.signature(node.validate).parameters.values())[1:]
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        return frozenset(node.inputs)
    return frozenset(p.name for p in parameters) & frozenset(node.inputs)


def _convert(node: Node, name: str, given: dict[str, Any], folders: Folders) -> Problem | None:
    type_ = node.inputs[name].type
    converter = CONVERTERS.get(type_)
    if converter is None:
        return None
    try:
        given[name] = converter(given[name])
    except (TypeError, ValueError, OverflowError) as error:
        return problem(
            "invalid_input_type",
            f"Failed to convert an input value to a {type_} value",
            f"{name}, {given[name]}, {error}",
            input_name=name,
            input_config=input_config(node, name, folders),
            received_value=given[name],
            exception_message=str(error),
        )
    return None


def _check_range(node: Node, name: str, value: Any, folders: Folders) -> Problem | None:
    options = node.inputs[name].options
    if "min" in options and value < options["min"]:
        type_, message = "value_smaller_than_min", f"smaller than min of {options['min']}"
    elif "max" in options and value > options["max"]:
        type_, message = "value_bigger_than_max", f"bigger than max of {options['max']}"
    else:
        return None
    return problem(
        type_,
        f"Value {value} {message}",
        name,
        input_name=name,
        input_config=input_config(node, name, folders),
        received_value=value,
    )


def _check_choice(node: Node, name: str, value: Any, folders: Folders) -> Problem | None:
    if node.inputs[name].type != "COMBO":
        return None
    choices = choices_of(node, name, folders)
    if value in choices:
        return None
    short = len(choices) <= LONG_LIST
    listed = str(choices) if short else f"(list of length {len(choices)})"
    return problem(
        "value_not_in_list",
        "Value not in list",
        f"{name}: '{value}' not in {listed}",
        input_name=name,
        input_config=input_config(node, name, folders) if short else None,
        received_value=value,
    )

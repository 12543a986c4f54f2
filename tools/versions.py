"""Checks of the dependencies' versions, as functions that return a list of problems."""
import re
from configparser import ConfigParser

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def requirements(top):
    "Read all requirements from `settings.ini`, those of the extras included."
    settings = ConfigParser(delimiters=["="])
    settings.read(top/"settings.ini", encoding="utf-8")
    options = [name for name in settings["DEFAULT"] if name.endswith("requirements")]
    return [Requirement(word) for name in options for word in settings["DEFAULT"][name].split()]


def open_ranges(top):
    "List requirements without a lower or an upper bound."
    def is_open(requirement): return not {">=", "<"} <= {bound.operator for bound in requirement.specifier}
    return [f"{r} has no tested range: give a lower and an upper bound" for r in requirements(top) if is_open(r)]


def wrong_pins(top):
    "List requirements whose pinned version is missing or outside their range."
    lines = (top/"constraints.txt").read_text(encoding="utf-8").splitlines()
    pins  = {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in lines if "==" in line}
    wrong = []
    for requirement in requirements(top):
        pin = pins.get(canonicalize_name(requirement.name))
        if pin is None: wrong.append(f"constraints.txt pins no version of {requirement.name}")
        elif pin not in requirement.specifier: wrong.append(f"constraints.txt pins {pin}, not within {requirement}")
    return wrong


def torch_lines(top):
    "List installation lines whose version of torch is neither the range nor the pinned version."
    torch,  = [r for r in requirements(top) if r.name == "torch"]
    pinned, = re.findall(r"(?m)^torch(==\S+)", (top/"constraints.txt").read_text(encoding="utf-8"))
    wrong = []
    for path in (top/"README.md", top/".github"/"workflows"/"test.yaml"):
        named = re.findall(r'install "torch([^"]*)"', path.read_text(encoding="utf-8"))
        wrong += [f"{path.name} installs torch{n}" for n in named if n != pinned and Requirement(f"torch{n}") != torch]
        if len(set(named)) != 2: wrong.append(f"{path.name} names {len(set(named))} versions of torch, not 2")
    return wrong

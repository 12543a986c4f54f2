"""Rules for the package's structure: imports only point down, and no module patches another module's class."""
import ast
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

PACKAGE = "sessrec"

# Layers from the bottom to the top. A module may import from its own layer and from lower ones, which are listed
# before it. The longest matching prefix decides.
LAYERS = [
    ["sessrec.registry", "sessrec.threads"],
    ["sessrec.data"],
    ["sessrec.shop.generate", "sessrec.shop.reader"],
    ["sessrec.metrics"],
    ["sessrec.train", "sessrec.models"],
    ["sessrec.shop"],
    ["sessrec.eda", "sessrec.plots"],
    ["sessrec.leaderboard", "sessrec.results"],
    ["sessrec.explorer", "sessrec.serve"],
    ["sessrec.course"],
    ["sessrec.bench"],
    ["sessrec.cli", "sessrec.terminal"],
]
PLOTTING       = ("matplotlib", "seaborn")      # plotting libraries …
PLOTTING_LAYER = "sessrec.eda"                  # … which no layer below this one imports
DEFERRED       = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)    # imports inside these run later

ImportNode     = ast.Import | ast.ImportFrom | ast.Call                 # a call is `import_module("…")`


@dataclass(frozen=True)
class Import:
    "An import of one module by another."
    source: str
    target: str
    line: int
    deferred: bool      # inside a function


def modules(top:Path) -> dict[str, Path]:
    "Return name -> file of the package's modules, without tests and nbdev's index."
    files = {}
    for path in sorted((top/PACKAGE).rglob("*.py")):
        parts = path.relative_to(top).with_suffix("").parts
        if "tests" in parts or path.name == "_modidx.py": continue
        files[".".join(parts).removesuffix(".__init__")] = path
    return files


def layer_of(module:str) -> int|None:
    "Return the number of the module's layer, from 0; None if no prefix matches."
    fits = [(len(prefix), number) for number, layer in enumerate(LAYERS) for prefix in layer
            if f"{module}.".startswith(f"{prefix}.")]
    return max(fits)[1] if fits else None


def _name(node:ast.expr) -> str:
    "Return the last part of a name: `b` for `b` and for `a.b`."
    if isinstance(node, ast.Attribute): return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_import(node:ast.AST) -> TypeGuard[ImportNode]:
    "Return whether a node is an import statement, or `import_module` with a literal name."
    if isinstance(node, (ast.Import, ast.ImportFrom)): return True
    if not isinstance(node, ast.Call) or not node.args: return False
    return _name(node.func) == "import_module" and isinstance(node.args[0], ast.Constant)


def _import_nodes(node:ast.AST, deferred:bool=False) -> Iterator[tuple[ImportNode, bool]]:
    "Yield all imports below `node`, except for type checkers, and whether they run later."
    for child in ast.iter_child_nodes(node):
        if _is_import(child): yield child, deferred
        elif isinstance(child, ast.If) and _name(child.test) == "TYPE_CHECKING":
            for other in child.orelse: yield from _import_nodes(ast.Module([other], []), deferred)
        else: yield from _import_nodes(child, deferred or isinstance(child, DEFERRED))


def _base(node:ast.ImportFrom, package:list[str]) -> str:
    "Return the absolute name of the module between `from` and `import`."
    if not node.level: return node.module or ""
    parents = package[:len(package) - node.level + 1]
    return ".".join([*parents, *([node.module] if node.module else [])])


def _targets(node:ImportNode, package:list[str], known:set[str]) -> list[str]:
    "Return the absolute names of the imported modules."
    if isinstance(node, ast.Import): return [alias.name for alias in node.names]
    if isinstance(node, ast.Call): return [str(ast.literal_eval(node.args[0]))]
    base  = _base(node, package)
    names = [f"{base}.{alias.name}" for alias in node.names]
    return [name if name in known else base for name in names]


def imports_of(top:Path) -> list[Import]:
    "List all imports in the package's modules."
    files, all_imports = modules(top), []
    for module, path in files.items():
        package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
        for node, deferred in _import_nodes(ast.parse(path.read_text(encoding="utf-8"))):
            targets = dict.fromkeys(_targets(node, package, set(files)))
            all_imports += [Import(module, target, node.lineno, deferred) for target in targets if target != module]
    return all_imports


def _inside(top:Path) -> list[Import]:
    "List the imports of one module of the package by another."
    known = modules(top)
    return [i for i in imports_of(top) if i.target in known]


def _location(top:Path, module:str, line:int=1) -> str:
    return f"{modules(top)[module].relative_to(top)}:{line}"


def upward_imports(top:Path) -> list[str]:
    "List imports that point up, and modules without a layer. The package's `__init__` may import everything."
    wrong = [f"{_location(top, m)}: {m} is in no layer; add it to LAYERS in tools/structure.py"
             for m in modules(top) if m != PACKAGE and layer_of(m) is None]
    for i in _inside(top):
        here, there = layer_of(i.source), layer_of(i.target)
        if here is None or there is None or there <= here: continue
        wrong.append(f"{_location(top, i.source, i.line)}: {i.source} imports {i.target}, which is in a higher layer")
    return wrong


def _cycle_through(start:str, edges:dict[str, dict[str, int]]) -> list[str]:
    "Return the shortest cycle of imports through `start`, or an empty list."
    importer, queue = {}, deque([start])
    while queue:
        module = queue.popleft()
        for target in edges.get(module, {}):
            if target in importer: continue
            importer[target] = module
            queue.append(target)
    if start not in importer: return []
    cycle = [start]
    while len(cycle) == 1 or cycle[-1] != start: cycle.append(importer[cycle[-1]])
    return cycle[::-1]


def import_cycles(top:Path) -> list[str]:
    "List cycles of imports that run when modules are loaded."
    edges: dict[str, dict[str, int]] = {}
    cycles: dict[frozenset[str], list[str]] = {}
    for i in _inside(top):
        if not i.deferred: edges.setdefault(i.source, {}).setdefault(i.target, i.line)
    for module in edges:
        cycle = _cycle_through(module, edges)
        if cycle: cycles.setdefault(frozenset(cycle), cycle)
    return [f"{_location(top, cycle[0], edges[cycle[0]][cycle[1]])}: import cycle: {' -> '.join(cycle)}"
            for cycle in cycles.values()]


def plotting_below(top:Path) -> list[str]:
    "List modules below `sessrec.eda` that import a plotting library."
    limit, wrong = layer_of(PLOTTING_LAYER) or 0, []
    for i in imports_of(top):
        layer = layer_of(i.source)
        if layer is None or layer >= limit or i.target.split(".")[0] not in PLOTTING: continue
        where = _location(top, i.source, i.line)
        wrong.append(f"{where}: {i.source} imports {i.target}; plotting is allowed from {PLOTTING_LAYER} upwards")
    return wrong


def _patched(node:ast.AST) -> set[str]:
    "Return the classes that a statement patches: with `@patch`, or with `Class.name = …`."
    if isinstance(node, ast.Assign):
        owners = [t.value for t in node.targets if isinstance(t, ast.Attribute)]
        return {o.id for o in owners if isinstance(o, ast.Name) and o.id[:1].isupper()}
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or not node.args.args: return set()
    decorators = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
    if not any(_name(d).startswith("patch") for d in decorators): return set()
    annotation = node.args.args[0].annotation
    return {n.id for n in ast.walk(annotation) if isinstance(n, ast.Name)} if annotation else set()


def _public(tree:ast.Module) -> Iterator[ast.FunctionDef]:
    "Yield public functions, and public methods and `__init__` of public classes."
    for node in tree.body:
        inside = node.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_") else [node]
        for function in inside:
            if isinstance(function, ast.FunctionDef) and (function.name[0] != "_" or function.name == "__init__"):
                yield function


def _untyped(function:ast.FunctionDef) -> list[str]:
    "List what lacks a type: parameters except `self`, `cls`, `*args`, `**options`, and the return value."
    parameters = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    names = [p.arg for p in parameters if p.annotation is None and p.arg not in ("self", "cls")]
    needs_return = function.returns is None and function.name != "__init__"
    return [*names, *(["return value"] if needs_return else [])]


def untyped_functions(top:Path) -> list[str]:
    "List public functions whose parameters or return value have no type."
    wrong = []
    for module, path in modules(top).items():
        for function in _public(ast.parse(path.read_text(encoding="utf-8"))):
            where, names = _location(top, module, function.lineno), ", ".join(_untyped(function))
            if names: wrong.append(f"{where}: {function.name} has no type for {names}")
    return wrong


def foreign_patches(top:Path) -> list[str]:
    "List attributes that a module adds to a class of another module."
    wrong = []
    for module, path in modules(top).items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        own  = {n.name for n in tree.body if isinstance(n, ast.ClassDef)}
        for node in tree.body:
            wrong += [f"{_location(top, module, node.lineno)}: {module} patches {name}, a class of another module"
                      for name in sorted(_patched(node) - own)]
    return wrong

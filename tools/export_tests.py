"""Export every `#| test` cell of a notebook to `sessrec/tests/test_<module>.py`, with nbdev's own ModuleMaker."""
import sys
from pathlib import Path

from nbdev.config import get_config
from nbdev.maker import ModuleMaker, make_code_cells
from nbdev.process import NBProcessor


def export_tests(path):
    "Write the tests of the notebook at `path`; return the file's path, or None if there are no tests."
    processor = NBProcessor(path, rm_directives=True)
    processor.process()
    cells  = processor.nb.cells
    module = next((c.directives_["default_exp"][0] for c in cells if "default_exp" in c.directives_), None)
    tests  = [c for c in cells if c.cell_type == "code" and "test" in c.directives_]
    if not module or not tests: return None
    star  = make_code_cells(f"from {get_config().lib_name}.{module} import *")
    star[0].id = "imports"                                          # a fixed id, so that the file is reproducible
    maker = ModuleMaker(get_config().lib_path/"tests", f"test_{module.replace('.', '_')}", Path(path), parse=False)
    maker.make(star + tests)
    return maker.fname


if __name__ == "__main__":
    for path in sys.argv[1:]: export_tests(path)

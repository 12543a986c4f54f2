"""Everything about the package stands in settings.ini; this file only hands it to setuptools."""
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

here = Path(__file__).parent
ini  = ConfigParser(delimiters=["="])
ini.read(here/"settings.ini", encoding="utf-8")
cfg  = ini["DEFAULT"]
name = cfg["lib_name"]

extras = {extra: cfg[f"{extra}_requirements"].split() for extra in ("lab", "serve", "track", "test", "dev")}
extras["dev"] += extras["test"]

setup(
    name=name,
    version=cfg["version"],
    description=cfg["description"],
    long_description=(here/"README.md").read_text(encoding="utf-8") if (here/"README.md").exists() else "",
    long_description_content_type="text/markdown",
    url=cfg["git_url"],
    author=cfg["author"],
    author_email=cfg["author_email"],
    license="Apache-2.0",
    license_files=["LICENSE"],
    keywords=cfg["keywords"],
    python_requires=f">={cfg['min_python']}",
    install_requires=cfg["requirements"].split(),
    extras_require=extras,
    packages=[*find_packages(include=[name, f"{name}.*"]), f"{name}.lessons"],
    package_dir={f"{name}.lessons": cfg["nbs_path"]},            # the lessons travel inside the wheel
    package_data={name: ["py.typed"], f"{name}.explorer": ["static/*"],
                  f"{name}.lessons": ["*.ipynb", "results/*.json", "img/*.svg"]},
    entry_points={"console_scripts": cfg["console_scripts"].split()},
    classifiers=["Development Status :: 3 - Alpha", "Intended Audience :: Education",
                 "Intended Audience :: Science/Research", "Programming Language :: Python :: 3",
                 "Topic :: Scientific/Engineering :: Artificial Intelligence"],
    zip_safe=False,
)

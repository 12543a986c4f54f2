"""Session-based recommendation, learnt by building it. The public names, each imported when it is first used.

This file is kept by hand; all other modules of the package are made from the notebooks in `nbs/`."""
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any
import sys

__version__ = "0.1.0"

if TYPE_CHECKING:       # what type checkers and editors read; a test says that it names what `_NAMES` does
    from sessrec.data.catalogue import Catalogue as Catalogue
    from sessrec.data.datasets import read as read
    from sessrec.data.options import Split as Split
    from sessrec.data.prepare import prepare as prepare, prepared as prepared
    from sessrec.data.prepared import Prepared as Prepared, load as load
    from sessrec.data.sessions import Batch as Batch, Sessions as Sessions
    from sessrec.leaderboard import leaderboard as leaderboard
    from sessrec.metrics.evaluate import evaluate as evaluate
    from sessrec.metrics.rank import ranks as ranks
    from sessrec.models.base import Recommender as Recommender, check_recommender as check_recommender
    from sessrec.models.bert4rec import BERT4Rec as BERT4Rec
    from sessrec.models.choose import fit_model as fit_model, load_model as load_model
    from sessrec.models.choose import model_names as model_names, new_network as new_network
    from sessrec.models.counting import STAN as STAN, VSKNN as VSKNN, Cooccurrence as Cooccurrence
    from sessrec.models.counting import ItemKNN as ItemKNN, MarkovChain as MarkovChain
    from sessrec.models.counting import Popularity as Popularity, SessionPopularity as SessionPopularity
    from sessrec.models.ensemble import Ensemble as Ensemble
    from sessrec.models.explain import Explanation as Explanation, explain as explain
    from sessrec.models.feature_rnn import FeatureRNN as FeatureRNN
    from sessrec.models.gru4rec import GRU4Rec as GRU4Rec, GRU4RecLarge as GRU4RecLarge
    from sessrec.models.gru4rec import GRU4RecMedium as GRU4RecMedium, GRU4RecSmall as GRU4RecSmall
    from sessrec.models.narm import NARM as NARM
    from sessrec.models.neural import NeuralRecommender as NeuralRecommender
    from sessrec.models.rnn import LSTM4Rec as LSTM4Rec, RNN4Rec as RNN4Rec
    from sessrec.models.sasrec import SASRec as SASRec, SASRecCopies as SASRecCopies
    from sessrec.models.srgnn import SRGNN as SRGNN
    from sessrec.registry import metric as metric, model as model, panel as panel, reader as reader
    from sessrec.results import report as report
    from sessrec.shop.generate import Shop as Shop
    from sessrec.shop.oracle import Oracle as Oracle
    from sessrec.train.loop import fit as fit
    from sessrec.train.plan import Plan as Plan

_NAMES = {              # module -> its public names
    "data.catalogue": "Catalogue", "data.datasets": "read",
    "data.options": "Split", "data.prepare": "prepare prepared",
    "data.prepared": "Prepared load", "data.sessions": "Batch Sessions",
    "leaderboard": "leaderboard", "metrics.evaluate": "evaluate", "metrics.rank": "ranks",
    "models.base": "Recommender check_recommender", "models.bert4rec": "BERT4Rec",
    "models.choose": "fit_model load_model model_names new_network",
    "models.counting": "STAN VSKNN Cooccurrence ItemKNN MarkovChain Popularity SessionPopularity",
    "models.ensemble": "Ensemble", "models.explain": "Explanation explain", "models.feature_rnn": "FeatureRNN",
    "models.gru4rec": "GRU4Rec GRU4RecLarge GRU4RecMedium GRU4RecSmall", "models.narm": "NARM",
    "models.neural": "NeuralRecommender", "models.rnn": "LSTM4Rec RNN4Rec", "models.sasrec": "SASRec SASRecCopies",
    "models.srgnn": "SRGNN", "registry": "metric model panel reader",
    "results": "report", "shop.generate": "Shop", "shop.oracle": "Oracle",
    "train.loop": "fit", "train.plan": "Plan"}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = [
    "BERT4Rec", "Batch", "Catalogue", "Cooccurrence", "Ensemble", "Explanation", "FeatureRNN", "GRU4Rec",
    "GRU4RecLarge", "GRU4RecMedium", "GRU4RecSmall", "ItemKNN", "LSTM4Rec", "MarkovChain", "NARM",
    "NeuralRecommender", "Oracle", "Plan", "Popularity", "Prepared", "RNN4Rec", "Recommender", "SASRec",
    "SASRecCopies", "SRGNN",
    "STAN", "SessionPopularity", "Sessions", "Shop", "Split", "VSKNN", "check_recommender", "evaluate", "explain",
    "fit", "fit_model", "leaderboard", "load", "load_model", "metric", "model", "model_names", "new_network",
    "panel", "prepare", "prepared", "ranks", "read", "reader", "report"]


class _Leaderboard(ModuleType):
    "The module `sessrec.leaderboard`, which can be called: it has the name of its main function."
    def __call__(self, *args, **kwargs): return self.leaderboard(*args, **kwargs)


class _Package(ModuleType):
    "This package. Python sets each submodule as an attribute when it is first imported, `leaderboard` too."
    def __setattr__(self, name, value):
        if name == "leaderboard": value.__class__ = _Leaderboard
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name:str)->Any:
    "Import the module of a public name."
    if name not in _MODULE_OF: raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_MODULE_OF[name]}")
    if name == "leaderboard": return module
    globals()[name] = getattr(module, name)
    return globals()[name]


def __dir__()->list[str]:
    "The public names, and the submodules that are imported."
    return sorted({*globals(), *__all__})

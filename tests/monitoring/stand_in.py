"""The stand-in plugin of this folder, as a module and as a path."""
import importlib.machinery
import importlib.util
import os

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
PATH = os.path.join(HERE, "check_sample")

_loader = importlib.machinery.SourceFileLoader("check_sample", PATH)
_spec = importlib.util.spec_from_loader("check_sample", _loader)
_module = importlib.util.module_from_spec(_spec)
_loader.exec_module(_module)

SAMPLES = _module.SAMPLES
JSON = _module.JSON
PROMETHEUS = _module.PROMETHEUS
output = _module.output

with open(os.path.join(HERE, "check_sample.conf"), encoding="utf-8") as _definition:
    ICINGA = _definition.read()

# Arguments that a shell, a macro processor or a configuration file could take apart.
NASTY = ["two words", ";x", "x;", "$HOME$", "$1", "it's", "~:10", "@1:2", "a!b", "back\\slash", "größe", "|", "*", "`id`",
         '"q"', "<>&", "1GiB:5GiB", "%", "#x", "a=b", "^orders_.*$"]


def shell_quote(text):
    """The way the shipped files quote a value for the shell."""
    return "'%s'" % text.replace("'", "'\\''")


def echoed(lines):
    """The arguments that `--sample=arguments` printed."""
    return ["" if one == "-" else bytes.fromhex(one).decode() for one in lines]

"""The report as pictures: drivers side by side, goals, and how cost grows."""
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import pyplot

matplotlib.use("Agg")
# question -> what its panel says
WORK = {
    "fetch_dict": "20,000 rows x 12 as dicts", "fetch_typed": "the same with a model's types",
    "point_dict": "one row by key", "async64": "64 tasks x 10 rows by key", "threads8": "8 threads x 20,000 rows",
    "orm_all": "5,000 models", "find_one": "one model by key", "save_insert": "save() of a new record",
    "save_update": "save() of a changed record", "bulk_create": "bulk_create of 5,000 models",
    "execute_many": "20,000 rows inserted", "checkout": "pool: acquire, SELECT 1, release",
}
OURS, OTHERS, FLOOR = "#c2410c", "#64748b", "#cbd5e1"


def draw(report: dict[str, Any], folder: Path) -> list[Path]:
    """Write drivers.png and growth.png of what the report has; return their paths."""
    drawn = []
    if any(name in report["seconds"] for name in WORK):
        drawn.append(_save(_drivers(report["seconds"]), folder / "drivers.png"))
    if report["shapes"]:
        drawn.append(_save(_growth(report["shapes"]), folder / "growth.png"))
    return drawn


def _save(figure: Any, file: Path) -> Path:
    figure.savefig(file, dpi=110)
    pyplot.close(figure)
    return file


def _panels(count: int, height: float) -> Any:
    rows = -(-count // 3)
    figure, axes = pyplot.subplots(rows, 3, figsize=(15, height * rows), layout="constrained", squeeze=False)
    for unused in axes.flat[count:]:
        unused.set_axis_off()
    return figure, axes.flat


def _drivers(seconds: dict[str, dict[str, float]]) -> Any:
    chosen = [name for name in WORK if name in seconds]
    figure, axes = _panels(len(chosen), 2.6)
    for axis, name in zip(axes, chosen):
        sides = sorted(seconds[name].items(), key=lambda side: -side[1])
        colours = [OURS if side.startswith("ours") else FLOOR if side == "floor" else OTHERS for side, _ in sides]
        scale, unit = (1e3, "ms") if sides[0][1] > 0.01 else (1e6, "us")
        bars = axis.barh([side for side, _ in sides], [spent * scale for _, spent in sides], color=colours)
        axis.bar_label(bars, fmt="{:,.3g}", padding=3)
        axis.set_title(f"{WORK[name]}, {unit}", loc="left", fontsize=11)
        axis.margins(x=0.15)
        axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle("Median time of one call: less is better", x=0.01, ha="left")
    return figure


def _growth(shapes: dict[str, Any]) -> Any:
    figure, axes = _panels(len(shapes), 3.2)
    for axis, (name, shape) in zip(axes, shapes.items()):
        each = [spent / size * 1e6 for size, spent in zip(shape["sizes"], shape["seconds"])]
        axis.plot(shape["sizes"], each, marker="o", color=OURS)
        axis.set(xscale="log", yscale="log", xlabel="n", ylabel="us each", ylim=(min(each) / 3, max(each) * 2))
        axis.set_title(f"{name}: time grows as n^{shape['exponent']:.2f}", loc="left", fontsize=11)
        axis.grid(True, which="major", alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle("Time of each one: level or falling is linear or better", x=0.01, ha="left")
    return figure

"""Draws a recorded run of the bench as SVG: how long each engine takes, ours being 1."""

import math
from xml.sax.saxutils import escape

ENGINES = {"ort-attention": "#d1495b", "ort-mha": "#e07a3f", "ort-gqa": "#b5651d", "ort-unfused": "#8c8c8c",
           "torch-sdpa": "#2a7f9e", "torch-flex": "#6a4c93", "openvino": "#3a9d5d",
           "ggml": "#c9a227", "onnxruntime": "#8f2436", "torch": "#17495c",
           "torch-products": "#8fc1d4", "openvino-products": "#95cf8b"}
# A form of the same engine: the circle is a ring.
FOLDED, RING = "-folded", "ring: heads of a group as rows"
LEFT, RIGHT, TOP, STEP, PLOT = 300, 24, 74, 17, 620
TICKS = (0.5, 0.7, 1, 1.5, 2, 3, 5, 8)


def circle(x, y, engine):
    color = ENGINES[engine.removesuffix(FOLDED)]
    return f'<circle cx="{x}" cy="{y}" r="' + (f'3.7" fill="#ffffff" stroke="{color}" stroke-width="1.6"'
                                               if engine.endswith(FOLDED) else f'4.5" fill="{color}"')


def legend(used):
    """Where each name stands, in as many lines as they take, and where the plot begins."""
    places, x, y = [], 16, 59
    for name in [*used, RING]:
        width = 24 + round(6.5 * len(name))
        if x + width > LEFT + PLOT + RIGHT:
            x, y = 16, y + STEP
        places.append((name, x, y))
        x += width
    return places, y + TOP - 59


def draw(rows, title, subtitle):
    rows = [row for row in rows if row.get("peers")]
    drawn = {peer["engine"] for row in rows for peer in row["peers"]}
    used = [name for name in ENGINES if name in drawn or name + FOLDED in drawn]
    places, top = legend(used)
    height = top + STEP * len(rows) + 34
    low, high = math.log(TICKS[0]), math.log(TICKS[-1])

    def at(ratio):
        """The place of a ratio on the logarithmic axis; what is beyond is drawn at its end, with a mark."""
        return LEFT + PLOT * (min(max(math.log(ratio), low), high) - low) / (high - low)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + PLOT + RIGHT}" height="{height}" '
           'font-family="system-ui, sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="#ffffff"/>',
           f'<text x="16" y="22" font-size="15" font-weight="600" fill="#222222">{escape(title)}</text>',
           f'<text x="16" y="40" fill="#666666">{escape(subtitle)}</text>']
    for name, x, y in places:
        sign = circle(x + 5, y - 4, (used[0] + FOLDED) if name == RING else name)
        out.append(f'{sign}/><text x="{x + 14}" y="{y}" fill="#444444">{name}</text>')
    bottom = top + STEP * len(rows)
    # Left of 1 somebody is faster.
    out.append(f'<rect x="{LEFT}" y="{top - 4}" width="{at(1) - LEFT:.1f}" height="{bottom - top + 4}" fill="#fbeeee"/>')
    for tick in TICKS:
        line = "#222222" if tick == 1 else "#dddddd"
        out.append(f'<line x1="{at(tick):.1f}" x2="{at(tick):.1f}" y1="{top - 4}" y2="{bottom}" stroke="{line}"/>'
                   f'<text x="{at(tick):.1f}" y="{bottom + 16}" text-anchor="middle" fill="#666666">{tick}x</text>')
    for number, row in enumerate(rows):
        y = top + STEP * number + 8
        name = row["case"].split("/", 1)[1] if row["case"].startswith("attention/") else row["case"]
        threads = "" if row["threads"] == 1 else f", {row['threads']} threads"
        out.append(f'<text x="{LEFT - 10}" y="{y + 4}" text-anchor="end" fill="#222222">{escape(name + threads)}</text>'
                   f'<line x1="{LEFT}" x2="{LEFT + PLOT}" y1="{y}" y2="{y}" stroke="#f0f0f0"/>')
        for peer in sorted(row["peers"], key=lambda peer: -peer["best_ms"]):
            ratio = peer["best_ms"] / row["best_ms"]
            out.append(f'{circle(f"{at(ratio):.1f}", y, peer["engine"])}><title>{peer["engine"]}: {ratio:.2f}x</title></circle>')
        if any(peer["best_ms"] > TICKS[-1] * row["best_ms"] for peer in row["peers"]):
            out.append(f'<text x="{LEFT + PLOT + 7}" y="{y + 4}" fill="#666666">&#8250;</text>')
    return "\n".join([*out, "</svg>"]) + "\n"

# SPDX-License-Identifier: MIT
"""The results as bars in an SVG."""
from html import escape

PANELS = [("overhead", "Overhead, bytes a packet", 2), ("demux_ns", "Demux, ns a packet (CPU)", 0),
          ("mux_ns", "Mux, ns a packet (CPU)", 0), ("seek_us", "Seek and packet, µs (CPU)", 1), ("open_us", "Open, µs (CPU)", 0)]
COLOURS = ["#d1495b", "#30638e", "#00798c", "#edae49", "#7d8597"]
BAR, GAP, LABEL, PLOT, MARGIN = 13, 22, 92, 190, 16
FULL = 3.0  # a bar of so many times the best format fills its place; longer ones are cut


def bars(values, formats, x, y, digits):
    """One group: a bar for each format, as long as its value, where the best is a third of the width."""
    best = min(v for v in values.values() if v > 0)
    out = []
    for i, (form, title) in enumerate(formats.items()):
        if form not in values:
            continue
        share = min(values[form] / best, FULL) / FULL
        top = y + i * BAR
        out.append(f'<text x="{x + LABEL - 6}" y="{top + 10}" text-anchor="end">{escape(title)}</text>')
        out.append(f'<rect x="{x + LABEL}" y="{top + 1}" width="{PLOT * share:.1f}" height="{BAR - 3}" fill="{COLOURS[i]}"/>')
        cut = " …" if values[form] / best > FULL else ""
        out.append(f'<text x="{x + LABEL + PLOT * share + 5:.1f}" y="{top + 10}">{values[form]:.{digits}f}{cut}</text>')
    return out


def write_svg(path, results, formats, titles):
    panel_width, group_height = LABEL + PLOT + 80, len(formats) * BAR + GAP
    width = MARGIN * 2 + panel_width * len(results)
    height = MARGIN * 2 + 24 + len(PANELS) * (group_height + 16)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
           'font-family="sans-serif" font-size="11" fill="#24292f">',
           f'<rect width="{width}" height="{height}" fill="#ffffff"/>']
    for column, (name, result) in enumerate(results.items()):
        x = MARGIN + column * panel_width
        out.append(f'<text x="{x}" y="{MARGIN + 10}" font-size="13" font-weight="bold">{escape(titles[name])}</text>')
        for row, (metric, title, digits) in enumerate(PANELS):
            y = MARGIN + 24 + row * (group_height + 16)
            values = {form: v[metric] for form, v in result["formats"].items() if metric in v}
            out.append(f'<text x="{x}" y="{y + 10}" font-style="italic">{escape(title)}</text>')
            out += bars(values, formats, x, y + 16, digits)
    out.append("</svg>")
    path.write_text("\n".join(out) + "\n", encoding="utf-8")

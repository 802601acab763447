"""The targets as a picture (SVG): each row's measured value as a part of its bound."""

from xml.sax.saxutils import escape

WIDTH, LEFT, BAR, LINE = 960, 470, 300, 24
COLOURS = {"pass": "#2e7d4f", "miss": "#b3452e"}


def draw(path, rows):
    shown = [row for row in rows if row.value and row.bound]
    height = 70 + LINE * len(shown)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">',
             f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
             '<text x="16" y="26" font-size="16" font-weight="bold" fill="#222">What was measured, against its target</text>',
             f'<line x1="{LEFT + BAR // 2}" y1="40" x2="{LEFT + BAR // 2}" y2="{height - 16}" stroke="#888" stroke-dasharray="3 3"/>',
             f'<text x="{LEFT + BAR // 2}" y="36" text-anchor="middle" fill="#666">target</text>']
    for number, row in enumerate(shown):
        parts += line(row, 50 + LINE * number)
    with open(path, "w") as file:
        file.write("\n".join([*parts, "</svg>", ""]))


def line(row, y):
    part = row.value.median / row.bound
    length = max(1, min(part * BAR / 2, BAR))
    value = f"{row.value.median:.3g}{row.unit} ({row.target})"
    return [f'<text x="{LEFT - 12}" y="{y + 13}" text-anchor="end" fill="#222">{escape(row.name)}</text>',
            f'<rect x="{LEFT}" y="{y + 2}" width="{length:.0f}" height="{LINE - 10}" fill="{COLOURS[row.verdict]}"/>',
            f'<text x="{LEFT + BAR + 12}" y="{y + 13}" fill="#222">{escape(value)}</text>']

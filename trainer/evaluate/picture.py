"""The loss curve as an SVG file that any browser and Markdown viewer shows."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT, LEFT, BOTTOM = 640, 280, 56, 40


def loss_svg(losses: Sequence[float], title: str) -> str:
    """A picture of the loss (nats a token) by step: every step thin, a running mean thick."""
    top = max(losses, default=1.0) * 1.05 or 1.0
    smooth = running_mean(losses, max(1, len(losses) // 25))

    def points(values: Sequence[float]) -> str:
        across = (WIDTH - LEFT - 16) / max(1, len(values) - 1)
        down = HEIGHT - BOTTOM - 30
        return " ".join(
            f"{LEFT + i * across:.1f},{30 + down * (1 - value / top):.1f}"
            for i, value in enumerate(values)
        )

    ticks = "".join(
        f'<text x="{LEFT - 8}" y="{34 + (HEIGHT - BOTTOM - 30) * (1 - part):.0f}" '
        f'text-anchor="end">{top * part:.2f}</text>'
        f'<line x1="{LEFT}" x2="{WIDTH - 16}" y1="{30 + (HEIGHT - BOTTOM - 30) * (1 - part):.0f}" '
        f'y2="{30 + (HEIGHT - BOTTOM - 30) * (1 - part):.0f}" stroke="#ddd"/>'
        for part in (0, 0.25, 0.5, 0.75, 1)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="11" fill="#333">'
        f'<rect width="100%" height="100%" fill="#fff"/>{ticks}'
        f'<text x="{LEFT}" y="18" font-size="13">{title}</text>'
        f'<polyline points="{points(losses)}" fill="none" stroke="#9cc3e6" stroke-width="1"/>'
        f'<polyline points="{points(smooth)}" fill="none" stroke="#1b5e9c" stroke-width="2"/>'
        f'<text x="{LEFT}" y="{HEIGHT - 14}">step 1</text>'
        f'<text x="{WIDTH - 16}" y="{HEIGHT - 14}" text-anchor="end">step {len(losses)}</text>'
        "</svg>\n"
    )


def running_mean(values: Sequence[float], window: int) -> list[float]:
    """Mean of each value with the `window` - 1 before it."""
    means: list[float] = []
    for i in range(len(values)):
        part = values[max(0, i - window + 1) : i + 1]
        means.append(sum(part) / len(part))
    return means

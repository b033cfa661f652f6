"""The report as a self-contained, printable HTML page."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from functools import singledispatch
from html import escape

from psfbridge import __version__
from psfbridge.report.document import (
    Block,
    Cell,
    Collapsed,
    Columns,
    Document,
    Heading,
    Links,
    Paragraph,
    Picture,
    Table,
    Verdict,
    Warnings,
)

__all__ = ["MARK", "html_page"]

#: By this a page of ours is known.
MARK = '<meta name="generator" content="psfbridge'


def html_page(document: Document) -> str:
    """Return the page, complete in itself.

    Parameters
    ----------
    document : Document
        Its parts; pictures are read from their files and lie within the page.
    """
    title = escape(document.title)
    body = "\n".join(_html(block) for block in document.blocks)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'{MARK} {__version__}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style></head>\n"
        f"<body><main><h1>{title}</h1>\n{body}\n</main>{_SCRIPT}</body></html>\n"
    )


@singledispatch
def _html(block: Block) -> str:
    raise TypeError(f"no HTML for {type(block).__name__}")


@_html.register
def _(block: Heading) -> str:
    return f"<h2>{escape(block.text)}</h2>"


@_html.register
def _(block: Paragraph) -> str:
    kind = " class=faint" if block.faint else ""
    return f"<p{kind}>{escape(block.text)}</p>"


@_html.register
def _(block: Verdict) -> str:
    below = "".join(f"<p>{escape(line)}</p>" for line in block.below)
    return (
        f'<section class="verdict {block.tone}" aria-label="Verdict">'
        f"<p class=answer>{escape(block.text)}</p>{below}</section>"
    )


@_html.register
def _(block: Table) -> str:
    heads = "".join(f"<th scope=col>{escape(head)}</th>" for head in block.heads)
    head = f"<thead><tr>{heads}</tr></thead>" if block.heads else ""
    rows = "".join(f"<tr>{''.join(_cells(row))}</tr>" for row in block.rows)
    kind = " class=small" if block.small else ""
    caption = f"<caption>{escape(block.caption)}</caption>" if block.caption else ""
    note = f"<p class=faint>{escape(block.note)}</p>" if block.note else ""
    return f"<div class=wide><table{kind}>{caption}{head}<tbody>{rows}</tbody></table></div>{note}"


def _cells(row: Sequence[Cell]) -> Iterator[str]:
    for number, cell in enumerate(row):
        kinds = " ".join(kind for kind in (cell.tone, "number" if cell.number else "") if kind)
        kind = f' class="{kinds}"' if kinds else ""
        text = escape(cell.text)
        if cell.link:
            text = f'<a href="{escape(cell.link)}">{text}</a>'
        yield f"<th scope=row{kind}>{text}</th>" if number == 0 else f"<td{kind}>{text}</td>"


@_html.register
def _(block: Picture) -> str:
    data = base64.b64encode(block.path.read_bytes()).decode("ascii")
    return (
        f'<figure><img alt="{escape(block.alt)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{escape(block.caption)}</figcaption></figure>"
    )


@_html.register
def _(block: Warnings) -> str:
    items = "".join(
        f"<li><strong>{escape(problem)}</strong>: {escape(evidence)} "
        f"<span class=remedy>{escape(remedy)}</span></li>"
        for problem, evidence, remedy in block.items
    )
    return f"<ul class=warnings>{items}</ul>"


@_html.register
def _(block: Links) -> str:
    items = "".join(
        f'<li><a href="{escape(name)}">{escape(name)}</a>: {escape(words)}</li>'
        for name, words in block.files
    )
    return f"<ul class=files>{items}</ul>"


@_html.register
def _(block: Columns) -> str:
    parts = "".join(f"<div>{_html(one)}</div>" for one in block.blocks)
    return f"<div class=columns>{parts}</div>"


@_html.register
def _(block: Collapsed) -> str:
    parts = "".join(_html(one) for one in block.blocks)
    return f"<details><summary>{escape(block.title)}</summary>{parts}</details>"


# Browsers print what is collapsed as collapsed.
_SCRIPT = """<script>
addEventListener("beforeprint",()=>document.querySelectorAll("details").forEach(d=>{d.open=true}));
</script>"""

# Text has a contrast of 7 and more to what is behind it, faint text of 4.5 and more.
_STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#16191f;--faint:#5b6270;--line:#d4d8df;
--good:#0b6b2e;--goodback:#e3f4e8;--care:#7a4b00;--careback:#fdf3dc;--bad:#a11414;--badback:#fbe6e6;
--link:#0b57a4}
@media (prefers-color-scheme:dark){@media screen{:root{--paper:#0f1115;--ink:#e8e8ea;
--faint:#a3a9b4;--line:#2f3540;--good:#7fe0a0;--goodback:#10291a;--care:#ffd77a;--careback:#2e2408;
--bad:#ff9c9c;--badback:#331313;--link:#8ec5ff}}}
body{background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif;margin:0}
main{max-width:1100px;margin:1.5em auto;padding:0 1em}
h1{font-size:1.5em;margin:0 0 .5em;overflow-wrap:anywhere}
h2{font-size:1.15em;margin:1.8em 0 .4em;border-bottom:1px solid var(--line);padding-bottom:.2em}
p{margin:.4em 0}
.faint,figcaption,caption{color:var(--faint);font-size:.9em}
caption{text-align:left;padding:.2em 0}
.verdict{border-left:.5em solid var(--line);padding:.6em 1em;margin:.6em 0;border-radius:4px}
.answer{font-size:1.25em;font-weight:600;margin:0}
.verdict.good{border-color:var(--good);background:var(--goodback)}
.verdict.care{border-color:var(--care);background:var(--careback)}
.verdict.bad{border-color:var(--bad);background:var(--badback)}
td.good,th.good,.verdict.good .answer{color:var(--good);font-weight:600}
td.care,th.care,.verdict.care .answer{color:var(--care);font-weight:600}
td.bad,th.bad,.verdict.bad .answer{color:var(--bad);font-weight:600}
figure{margin:1em 0;break-inside:avoid}
img{max-width:100%;height:auto;border:1px solid var(--line);border-radius:4px}
.columns{display:flex;flex-wrap:wrap;gap:0 2.5em}
.wide{overflow-x:auto}
table{border-collapse:collapse;margin:.4em 0;font-variant-numeric:tabular-nums}
table.small{font-size:.8em}
th,td{text-align:left;font-weight:normal;padding:.25em 1em .25em 0;vertical-align:top;
border-bottom:1px solid var(--line)}
thead th{font-weight:600}
.number{text-align:right}
td.number{white-space:nowrap}
.warnings{padding-left:1.2em}.warnings li{margin:.4em 0}
.remedy{color:var(--care)}
a{color:var(--link)}
a:focus-visible,summary:focus-visible{outline:3px solid var(--link);outline-offset:2px}
details{margin:.6em 0}
summary{cursor:pointer;font-size:1.05em}
@page{size:A4;margin:14mm}
@media print{body{font-size:10pt}main{max-width:none;margin:0;padding:0}
.wide{overflow:visible}table.small{font-size:6.5pt}th,td{padding-right:.6em}
tr,figure,.verdict,li{break-inside:avoid}h2{break-after:avoid}thead{display:table-header-group}
.verdict{-webkit-print-color-adjust:exact;print-color-adjust:exact}
details::details-content{content-visibility:visible;block-size:auto}
img{max-height:230mm;object-fit:contain}}
"""

"""The style of pictures: one table of colours for each theme, and what is the same in both.

Every text has a contrast of at least 4.5 to 1 against the paper of its theme (WCAG 2.1, 1.4.3).
"""

from __future__ import annotations

from collections.abc import Mapping

_SHAPES = """\
text{font:11.5px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}
.name{font-weight:600}
.said,.red,.detail,.quiet,.time,.call{font-family:system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}
.time{font-size:10.5px}.detail{font-size:11px}
.call{font-style:italic}
.halo{paint-order:stroke;stroke-width:4px;stroke-linejoin:round}
.stem{stroke-width:1}.head{stroke-width:1.2}.others,.socket{stroke-dasharray:4 3}
line.data,line.message,line.datagram,line.connect,line.accept,line.close,line.tls{stroke-width:1.5}
path.data,path.message,path.datagram,path.connect,path.accept,path.close,path.tls{fill:none;stroke-width:1.5}
.accept,line.close,path.close{stroke-dasharray:5 4}line.tls,path.tls{stroke-width:3}
line.lost{stroke-dasharray:1.5 4;stroke-linecap:round}
.fold{stroke-dasharray:2 5}.cross{fill:none;stroke-width:2.2;stroke-linecap:round}"""

_ARROWS = ("data", "message", "datagram", "connect", "accept", "close")

LIGHT = {
    "paper": "#ffffff",
    "edge": "#d8dee4",
    "text": "#1f2328",
    "quiet": "#57606a",
    "stem": "#afb8c1",
    "arrow": "#3a4350",
    "tls": "#1a7f37",
    "red": "#c4161c",
    "blocks": "#e08a00",
    "waits_fill": "#dbeafe",
    "waits_line": "#3b82d6",
    "cell": "#fff1d6",
    "cell_edge": "#c98a1b",
    "cosocket": "#e1effe",
    "cosocket_edge": "#3b82d6",
    "listener": "#eee5ff",
    "listener_edge": "#8250df",
    "peer": "#eef1f4",
    "peer_edge": "#8c959f",
}
DARK = {
    "paper": "#16191d",
    "edge": "#363c44",
    "text": "#e6edf3",
    "quiet": "#9da7b3",
    "stem": "#535c67",
    "arrow": "#b9c3ce",
    "tls": "#4ac26b",
    "red": "#ff7b72",
    "blocks": "#f0a020",
    "waits_fill": "#1c3553",
    "waits_line": "#58a6ff",
    "cell": "#3d2e10",
    "cell_edge": "#d29922",
    "cosocket": "#14304f",
    "cosocket_edge": "#58a6ff",
    "listener": "#2c2049",
    "listener_edge": "#a57cf5",
    "peer": "#262c33",
    "peer_edge": "#8b949e",
}


def _colours(c: Mapping[str, str]) -> str:
    heads = "".join(
        f".{kind}.head{{fill:{c[colour]};stroke:{c[f'{colour}_edge']}}}"
        for kind, colour in (
            ("cell", "cell"),
            ("cosocket", "cosocket"),
            ("listener", "listener"),
            ("socket", "cosocket"),
            ("peer", "peer"),
            ("others", "peer"),
        )
    )
    arrows = ",".join(f"line.{kind},path.{kind}" for kind in _ARROWS)
    return (
        f".back{{fill:{c['paper']}}}.paper{{fill:{c['paper']};stroke:{c['edge']}}}text{{fill:{c['text']}}}.halo{{stroke:{c['paper']}}}"
        f".quiet,.time,.detail,.call{{fill:{c['quiet']}}}text.red,.red .detail{{fill:{c['red']}}}"
        f".stem,.fold{{stroke:{c['stem']}}}{arrows}{{stroke:{c['arrow']}}}"
        f"line.tls,path.tls{{stroke:{c['tls']}}}.tip,.dot{{fill:{c['arrow']}}}.cross{{stroke:{c['arrow']}}}"
        f"line.bad,path.bad{{stroke:{c['red']}}}.tip.bad,.dot.bad{{fill:{c['red']};stroke:none}}"
        f".blocks{{fill:{c['blocks']}}}.waits{{fill:{c['waits_fill']};stroke:{c['waits_line']}}}"
        f".blocks.late{{fill:{c['red']}}}.waits.late{{stroke:{c['red']}}}{heads}"
    )


STYLE = f"{_SHAPES}\n{_colours(LIGHT)}\n@media (prefers-color-scheme:dark){{{_colours(DARK)}}}"

"""Every fault of a Python file: each operator looks at one node of the syntax tree.

A replacement is made in the text, at the node's place, so that comments and layout stay and a report can show
the line. What a fault could not change for anybody is left out: annotations, docstrings, assertions (they
narrow types), and what only a type checker runs.
"""

from __future__ import annotations

import ast
import re
from itertools import pairwise

from ._fault import Fault

COMPARISONS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "is": "is not", "is not": "is",
    "in": "not in", "not in": "in",
}  # fmt: skip
ARITHMETIC = {"+": "-", "-": "+", "*": "+", "//": "*", "%": "+", "&": "|", "|": "&", "<<": ">>", ">>": "<<"}
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}
LEAVES_EARLY = (ast.Return, ast.Raise, ast.Continue, ast.Break)


class _Finder(ast.NodeVisitor):
    """Walks the tree and collects faults."""

    def __init__(self, path: str, source: str) -> None:
        self._path = path
        self._source = source
        # The tree counts bytes from the line's beginning, a fault characters from the file's.
        self._lines = source.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        self.faults: list[Fault] = []

    def _place(self, line: int, column: int) -> int:
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._place(node.lineno, node.col_offset), self._place(node.end_lineno, node.end_col_offset)

    def _text(self, node: ast.expr | ast.stmt) -> str:
        start, end = self._span(node)
        return self._source[start:end]

    def _add(self, kind: str, start: int, end: int, text: str) -> None:
        self.faults.append(Fault(self._path, start, end, text, kind))

    def _replace(self, kind: str, node: ast.expr | ast.stmt, text: str) -> None:
        self._add(kind, *self._span(node), text)

    def _between(self, kind: str, left: ast.expr, right: ast.expr, operators: dict[str, str]) -> None:
        """Replaces the operator between two operands; nothing but brackets and comments can be there too."""
        start, end = self._span(left)[1], self._span(right)[0]
        words = "|".join(re.escape(word) for word in sorted(operators, key=len, reverse=True))
        found = re.search(words, self._source[start:end])
        if found:
            self._add(kind, start + found.start(), start + found.end(), operators[found.group()])

    # ------------------------------------------------------------ what is not looked at

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        is_alias = isinstance(node.annotation, ast.Name) and node.annotation.id == "TypeAlias"
        if node.value is not None and not is_alias:
            self.visit(node.value)

    def visit_arg(self, node: ast.arg) -> None:
        """An annotation."""

    def visit_Assert(self, node: ast.Assert) -> None:
        """Narrows a type."""

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for statement in node.body:  # and not its decorators, which say how it is stored
            self.visit(statement)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.visit(default)
        for statement in node.body:
            self.visit(statement)

    visit_FunctionDef = _visit_function
    visit_AsyncFunctionDef = _visit_function

    # ------------------------------------------------------------ expressions

    def visit_Compare(self, node: ast.Compare) -> None:
        for left, right in pairwise([node.left, *node.comparators]):
            self._between("comparison", left, right, COMPARISONS)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for left, right in pairwise(node.values):
            self._between("and, or", left, right, {"and": "or", "or": "and"})
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if not isinstance(node.left, ast.Constant) or not isinstance(node.left.value, (str, bytes)):
            self._between("arithmetic", node.left, node.right, ARITHMETIC)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._replace("dropped not", node, self._text(node.operand))
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._replace("inverted condition", node.test, f"(not ({self._text(node.test)}))")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self._replace("true, false", node, str(not node.value))
        elif isinstance(node.value, (int, float)):
            self._replace("number", node, repr(node.value + 1))
            if node.value:
                self._replace("number", node, repr(node.value - 1))

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in CALLS:  # which take any order
            self._replace("function", node.func, CALLS[node.func.id])
        elif len(node.args) > 1 and not any(isinstance(one, ast.Starred) for one in node.args[:2]):
            (start, after_first), (second, end) = map(self._span, node.args[:2])
            first, between, last = (
                self._source[start:after_first],
                self._source[after_first:second],
                self._source[second:end],
            )
            self._add("swapped arguments", start, end, last + between + first)
        self.generic_visit(node)

    # ------------------------------------------------------------ statements

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, (ast.Call, ast.Await)):
            self._replace("dropped call", node, "pass")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if all(isinstance(target, (ast.Attribute, ast.Subscript)) for target in node.targets):
            self._replace("dropped assignment", node, "pass")
        self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._between("arithmetic", node.target, node.value, {"+=": "-=", "-=": "+=", "|=": "&=", "&=": "|="})
        self._replace("dropped assignment", node, "pass")
        self.visit(node.value)

    def visit_Delete(self, node: ast.Delete) -> None:
        self._replace("dropped clean-up", node, "pass")

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" in self._text(node.test):
            return
        if isinstance(node.body[-1], LEAVES_EARLY):
            self._replace("dropped check", node.test, "False")
        self._replace("inverted condition", node.test, f"not ({self._text(node.test)})")
        self.generic_visit(node)

    def visit_Continue(self, node: ast.Continue) -> None:
        self._replace("continue", node, "break")

    def visit_Raise(self, node: ast.Raise) -> None:
        texts = [part for part in ast.walk(node) if isinstance(part, ast.Constant)]
        if texts and isinstance(texts[0].value, str) and not isinstance(texts[0], ast.JoinedStr):
            text = self._text(texts[0])
            if text[:1] in "\"'" and len(text) > 2:
                self._replace("changed text", texts[0], text[:1] + "?" + text[1:])
        self.generic_visit(node)


def faults_of(path: str, source: str) -> list[Fault]:
    """Returns every fault of a file; not all of them are Python."""
    finder = _Finder(path, source)
    finder.visit(ast.parse(source))
    return finder.faults


def is_python(source: str) -> bool:
    """Tells whether the text compiles."""
    try:
        compile(source, "fault", "exec")
    except SyntaxError:
        return False
    return True

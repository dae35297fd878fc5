"""What Python code looks like it is about to do, by its own syntax tree.

Reads {"source": ..., "names": ..., "limits": ...} on standard input and prints one JSON object. It only parses:
nothing of the source is run. It is meant to be run where a parser that goes wrong does no harm: in the sandbox.
"""
import ast
import io
import json
import sys
import tokenize

asked = json.load(sys.stdin)
source, limits, names = asked["source"], asked["limits"], asked["names"]
modules, calls, climbing = names["modules"], names["calls"], set(names["climbing"])
findings, loaded, of_rule = [], set(), {}


def add(node, rule, text=None):
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
    of_rule[rule] = of_rule.get(rule, 0) + 1
    if of_rule[rule] > asked["most"]:
        return
    shown = text if text is not None else ast.get_source_segment(source, node) or ""
    findings.append({"line": line, "column": column + 1, "rule": rule, "text": shown.split("\n")[0][:120]})


def load(node, name):
    loaded.add(name)
    loaded.add(name.split(".")[0])
    for known in (name, name.split(".")[0]):
        if known in modules:
            add(node, modules[known])
            return


def constant(node, depth=0):
    """The text that an expression can only be, or None."""
    if depth > 64:
        return None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = constant(node.left, depth + 1), constant(node.right, depth + 1)
        return None if left is None or right is None else left + right
    if isinstance(node, ast.JoinedStr):
        parts = [constant(part, depth + 1) for part in node.values]
        return None if None in parts else "".join(parts)
    return None


def is_made_of_values(node):
    if isinstance(node, ast.JoinedStr):
        return constant(node) is None
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mod)):
        return constant(node) is None
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"


def inspect_call(node):
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", None)
    first = node.args[0] if node.args else None
    if name in ("__import__", "import_module"):
        known = constant(first) if first is not None else None
        if known is None:
            add(node, "dynamic-import")
        else:
            load(node, known)
    if name in ("eval", "exec", "compile") and first is not None and is_made_of_values(first):
        add(node, "template-injection")
    if name in ("getattr", "setattr", "hasattr", "delattr", "attrgetter", "methodcaller"):
        given = node.args[1:2] if name.endswith("attr") else node.args[:1]
        for one in given:
            known = constant(one)
            if known is None:
                add(node, "obfuscation")
            elif known.startswith("__") or known in climbing:
                add(node, "constructor-chain")
    if name == "format" and isinstance(node.func, ast.Attribute):
        known = constant(node.func.value)
        if known is not None and "__" in known:
            add(node, "constructor-chain")


def inspect(node):
    if isinstance(node, ast.Import):
        for one in node.names:
            load(node, one.name)
    elif isinstance(node, ast.ImportFrom):
        load(node, node.module or ".")
        for one in node.names:
            load(node, "%s.%s" % (node.module, one.name)) if "%s.%s" % (node.module, one.name) in modules else None
    elif isinstance(node, ast.Call):
        inspect_call(node)
    elif isinstance(node, ast.Attribute):
        if node.attr in climbing or (node.attr.startswith("__") and node.attr not in names["harmless"]):
            add(node, "constructor-chain")
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        if node.id in calls:
            add(node, calls[node.id])
    elif isinstance(node, ast.Subscript):
        known = constant(node.slice) if isinstance(node.slice, ast.AST) else None
        if known is not None and known.startswith("__"):
            add(node, "constructor-chain")


def main():
    global source
    if len(source.encode("utf-8", "surrogatepass")) > limits["bytes"]:
        return add(ast.Module(body=[], type_ignores=[]), "size", "more than %d bytes" % limits["bytes"])
    try:
        # As the interpreter will read the file: a comment on its first lines may say that bytes mean something else.
        data = source.encode("utf-8", "surrogatepass")
        source = data.decode(tokenize.detect_encoding(io.BytesIO(data).readline)[0])
        tree = ast.parse(source)
    except SyntaxError as error:
        where = ast.Module(body=[], type_ignores=[])
        where.lineno, where.col_offset = error.lineno or 1, (error.offset or 1) - 1
        return add(where, "syntax", str(error.msg))
    except (ValueError, LookupError, MemoryError, RecursionError) as error:
        return add(ast.Module(body=[], type_ignores=[]), "syntax", type(error).__name__)
    walk, count = [(tree, 0)], 0
    while walk:
        node, depth = walk.pop()
        count += 1
        if count > limits["nodes"] or depth > limits["depth"]:
            return add(node, "complexity")
        inspect(node)
        walk.extend((child, depth + 1) for child in reversed(list(ast.iter_child_nodes(node))))


main()
print(json.dumps({"v": 1, "findings": findings, "loaded": sorted(loaded)}))

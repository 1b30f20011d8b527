"""Reads the interface of the official Python package: its modules, names, member types and signatures.

`cargo xtask import --python-package FOLDER` runs it with the installed package's folder and the folder `api/`. It writes
`api/python/types/*.json` and `api/python/resources/*.json` (see docs/api-format.md). Names, types and defaults are taken,
nothing else: no text, no code. The sources are parsed, not run.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

SCALARS = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "object": "json", "bytes": "bytes"}
STRICT = {"StrictStr": "string", "StrictInt": "integer", "StrictFloat": "number", "StrictBool": "boolean"}
GENERICS = {"List": "list", "list": "list", "Iterable": "iterable", "SequenceNotStr": "sequence", "Sequence": "sequence"}
LONGEST = 1800


class Unreadable(Exception):
    """An annotation that says more than data can: of something that is written by hand."""


class Package:
    """The modules of a package, parsed when first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name
        self._parsed: dict[str, Module] = {}

    def path(self, module: str) -> Path | None:
        base = self.folder.joinpath(*module.split(".")) if module else self.folder
        for path in (base / "__init__.py", base.with_suffix(".py")):
            if path.is_file():
                return path
        return None

    def module(self, module: str) -> Module:
        if module not in self._parsed:
            self._parsed[module] = Module(self, module)
        return self._parsed[module]


class Module:
    """One module: what it defines and what it imports."""

    def __init__(self, package: Package, name: str) -> None:
        path = package.path(name)
        if path is None:
            raise SystemExit(f"no module {name}")
        self.package, self.name = package, name
        self.is_package = path.name == "__init__.py"
        self.tree = ast.parse(path.read_text("utf-8"))
        self.imports: dict[str, tuple[str, str | None]] = {}
        self.defined: dict[str, ast.stmt] = {}
        self._read(self.tree.body)

    def _read(self, body: list[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, ast.ImportFrom):
                source = self._source(node)
                for one in node.names:
                    self.imports[one.asname or one.name] = (source, one.name)
            elif isinstance(node, ast.Import):
                for one in node.names:
                    self.imports[one.asname or one.name] = ("!" + one.name, None)
            elif isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                self.defined[node.name] = node
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                self.defined[node.target.id] = node
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.defined[node.targets[0].id] = node
            elif isinstance(node, ast.If):
                self._read(node.body)

    def _source(self, node: ast.ImportFrom) -> str:
        """Absolute module below the package, or `!module` of elsewhere."""
        if node.level == 0:
            return "!" + (node.module or "")
        here = self.name.split(".") if self.name else []
        if not self.is_package:
            here = here[:-1]
        here = here[: len(here) - (node.level - 1)]
        return ".".join([*here, *([node.module] if node.module else [])])

    def resolve(self, name: str) -> str:
        """Where `name` is defined: `module.Name` below the package, `!module.Name` elsewhere, `module:` a module."""
        if name in self.imports:
            source, original = self.imports[name]
            if original is None:
                return source + ":"
            if source.startswith("!"):
                return f"{source}.{original}"
            below = f"{source}.{original}" if source else original
            target = self.package.module(source)
            if original in target.defined or original in target.imports:
                return target.resolve(original)
            if self.package.path(below):
                return below + ":"
            raise SystemExit(f"{self.name}: nothing is {source}.{original}")
        if name in self.defined:
            return f"{self.name}.{name}"
        return "!builtins." + name


class Reader:
    """Annotations as expressions."""

    def __init__(self, module: Module) -> None:
        self.module = module

    def name(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return self.module.resolve(node.id)
        if isinstance(node, ast.Attribute):
            base = self.name(node.value)
            if base.endswith(":"):
                if base.startswith("!"):
                    return f"{base[:-1]}.{node.attr}"
                return self.module.package.module(base[:-1]).resolve(node.attr)
        raise Unreadable(f"{self.module.name}: {ast.unparse(node)}")

    def short(self, node: ast.expr) -> str:
        return self.name(node).rpartition(".")[2]

    def expression(self, node: ast.expr) -> str:
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                return self.expression(ast.parse(node.value, mode="eval").body)
            return "null" if node.value is None else str(node.value)
        if isinstance(node, ast.BinOp):
            return self._union([node.left, node.right])
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        full = self.name(node)
        short = full.rpartition(".")[2]
        if full.startswith("!"):
            if short in SCALARS and full.startswith("!builtins"):
                return SCALARS[short]
            if full.startswith("!pydantic.") and short in STRICT:
                return STRICT[short]
            if full in ("!typing.Any", "!typing_extensions.Any"):
                return "json"
            raise Unreadable(f"{self.module.name}: {full}")
        if full.startswith("types."):
            full = full[len("types.") :]
            here = self.module.name.removeprefix("types.")
            return short if full == f"{here}.{short}" and self.module.name.startswith("types.") else full
        if full == "_types.FileTypes":
            return "file"
        return "/" + full

    def _union(self, nodes: list[ast.expr]) -> str:
        arms: list[str] = []
        for node in nodes:
            for arm in split(self.expression(node)):
                if arm not in arms:
                    arms.append(arm)
        return " | ".join(arms)

    def _subscript(self, node: ast.Subscript) -> str:
        head = self.short(node.value)
        args = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        if head == "Optional":
            return " | ".join([*[arm for arm in split(self.expression(args[0])) if arm != "null"], "null"])
        if head == "Union":
            return self._union(args)
        if head == "Literal":
            values = [json.dumps(ast.literal_eval(arg)) for arg in args]
            return " | ".join(values)
        if head == "Annotated":
            tag = keyword(args[1], "discriminator")
            inner = self.expression(args[0])
            return f"by {tag}: {inner}" if tag else inner
        if head in ("Dict", "dict"):
            return f"map<{self.expression(args[1])}>"
        if head in GENERICS:
            return f"{GENERICS[head]}<{self.expression(args[0])}>"
        generic = self.name(node.value)
        if generic.startswith("types."):
            if self.module.name.startswith("types."):
                raise Unreadable(f"{self.module.name}: {ast.unparse(node)} is generic")
            return f"/{generic}<{', '.join(self.expression(arg) for arg in args)}>"
        return f"{self.expression(node.value)}<{', '.join(self.expression(arg) for arg in args)}>"


def keyword(call: ast.expr, name: str) -> str | None:
    for one in getattr(call, "keywords", []):
        if one.arg == name and isinstance(one.value, ast.Constant):
            return str(one.value.value)
    return None


def split(text: str) -> list[str]:
    """The arms of a union, none of them torn apart. A union with a tag is one arm."""
    if text.startswith("by "):
        return [f"({text})"]
    arms, depth, start, quoted = [], 0, 0, False
    for at, letter in enumerate(text):
        if letter == '"' and text[at - 1] != "\\":
            quoted = not quoted
        elif quoted:
            continue
        elif letter in "<(":
            depth += 1
        elif letter in ">)":
            depth -= 1
        elif letter == "|" and depth == 0:
            arms.append(text[start:at].strip())
            start = at + 1
    return [*arms, text[start:].strip()]


def annotation(reader: Reader, node: ast.expr) -> tuple[str, bool, str | None]:
    """Type, whether `Required`, and the wire's name where the annotation gives one."""
    required, wire = False, None
    while isinstance(node, ast.Subscript):
        head = reader.short(node.value)
        if head == "Required":
            required, node = True, node.slice
        elif head == "Annotated" and isinstance(node.slice, ast.Tuple) and keyword(node.slice.elts[1], "alias"):
            wire, node = keyword(node.slice.elts[1], "alias"), node.slice.elts[0]
        else:
            break
    return reader.expression(node), required, wire


def definition(module: Module, name: str, node: ast.stmt) -> dict[str, object] | None:
    reader = Reader(module)
    if isinstance(node, ast.ClassDef):
        return class_of(module, reader, node)
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return {"alias": reader.expression(node.value)}
    if isinstance(node, ast.Assign) and not name.startswith("_"):
        if isinstance(node.value, ast.Call):
            return None
        return {"alias": reader.expression(node.value)}
    return None


def class_of(module: Module, reader: Reader, node: ast.ClassDef) -> dict[str, object] | None:
    if node.decorator_list or any(isinstance(one, ast.Assign) and "__api_" in ast.unparse(one) for one in node.body):
        return None
    bases, fields = [], {}
    kind = "model"
    for base in node.bases:
        if isinstance(base, ast.Subscript):
            return None
        full = reader.name(base)
        target = module.defined.get(full.rpartition(".")[2]) if full.startswith(module.name + ".") else None
        if full.endswith(".TypedDict"):
            kind = "params"
        elif isinstance(target, ast.Assign) and isinstance(target.value, ast.Call):
            # Members whose names are keywords.
            kind = "params"
            names = target.value.args[1]
            assert isinstance(names, ast.Dict)
            for key, value in zip(names.keys, names.values):
                assert isinstance(key, ast.Constant)
                fields[f"{key.value}?"] = reader.expression(value)
        elif full == "_models.BaseModel":
            pass
        else:
            bases.append(reader.expression(base))
    open_ended = False
    for one in node.body:
        if isinstance(one, ast.If) and "__pydantic_extra__" in ast.unparse(one):
            open_ended = True
        if not isinstance(one, ast.AnnAssign) or not isinstance(one.target, ast.Name):
            continue
        ty, required, wire = annotation(reader, one.annotation)
        if one.value is not None:
            wire = wire or keyword(one.value, "alias")
            optional = isinstance(one.value, ast.Constant) or "default=None" in ast.unparse(one.value)
        else:
            optional = kind == "params" and not required
        key = one.target.id + (f"={wire}" if wire and wire != one.target.id else "")
        fields[key + ("?" if optional else "")] = ty
    if kind == "model" and any(is_params(module, base) for base in bases):
        kind = "params"
        fields = {fix(node, key): ty for key, ty in fields.items()}
    out: dict[str, object] = {"kind": kind}
    if bases:
        out["bases"] = bases
    if open_ended:
        out["open"] = True
    out["fields"] = fields
    return out


def is_params(module: Module, base: str) -> bool:
    of, _, leaf = base.rpartition(".")
    target = module.package.module(f"types.{of}" if of else module.name)
    node = target.defined[leaf]
    assert isinstance(node, ast.ClassDef)
    found = class_of(target, Reader(target), node)
    return bool(found) and found["kind"] == "params"


def fix(node: ast.ClassDef, key: str) -> str:
    """Members of a class that derives a `TypedDict` are optional unless they say `Required`."""
    for one in node.body:
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and key.split("=")[0] == one.target.id:
            return key if "Required[" in ast.unparse(one.annotation) else key + "?"
    return key


def offered(module: Module) -> list[str]:
    """`__all__`."""
    node = module.defined.get("__all__")
    return list(ast.literal_eval(node.value)) if isinstance(node, ast.Assign) else []


def types(package: Package) -> dict[str, dict[str, object]]:
    """The modules below `types`, by their names below it."""
    root = package.folder / "types"
    found = {}
    for path in sorted(root.rglob("*.py")):
        relative = path.relative_to(package.folder).with_suffix("")
        parts = list(relative.parts)
        if parts[-1] == "__init__":
            parts.pop()
        module = package.module(".".join(parts))
        record: dict[str, object] = {}
        if module.is_package:
            exports = {}
            for name, (source, _) in module.imports.items():
                if source.startswith("!") or name == "annotations":
                    continue
                target = module.resolve(name)
                exports[name] = target.removeprefix("types.")
            record["package"] = exports
        else:
            defs = {}
            skipped = []
            for name, node in module.defined.items():
                if name.startswith("_"):
                    continue
                try:
                    made = definition(module, name, node)
                except Unreadable:
                    made = None
                if made is None:
                    skipped.append(name)
                else:
                    defs[name] = made
            for name in offered(module):
                if name in module.imports and name not in defs:
                    target = module.resolve(name)
                    if target.startswith("types.") and not target.endswith(":"):
                        defs[name] = {"alias": target.removeprefix("types.")}
            record["types"] = defs
            if skipped:
                record["by_hand"] = skipped
        found[".".join(parts[1:])] = record
    return found


def parameters(reader: Reader, node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """`name: type = default`, with `*` where keywords begin."""
    out = []
    args = node.args

    def one(arg: ast.arg, default: ast.expr | None) -> str:
        try:
            ty = reader.expression(arg.annotation) if arg.annotation else "json"
        except Unreadable:
            ty = "json"
        arms = [arm for arm in split(ty) if arm != "/_types.Omit"] or [ty]
        return f"{arg.arg}: {' | '.join(arms)}" + (f" = {ast.unparse(default)}" if default is not None else "")

    positional = [*args.posonlyargs, *args.args][1:]
    missing = len(positional) - len(args.defaults)
    for at, arg in enumerate(positional):
        out.append(one(arg, args.defaults[at - missing] if at >= missing else None))
    if args.kwonlyargs:
        out.append("*")
    for arg, default in zip(args.kwonlyargs, args.kw_defaults):
        out.append(one(arg, default))
    common = ["extra_headers", "extra_query", "extra_body", "timeout"]
    if args.kwonlyargs and [text.split(":")[0] for text in out[-4:]] == common:
        out[-4:] = ["..."]
    if args.vararg or args.kwarg:
        out.append("**")
    return out


def decorators(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    return [ast.unparse(one).split("(")[0].rpartition(".")[2] for one in node.decorator_list]


def resources(package: Package, operations: set[str]) -> dict[str, dict[str, object]]:
    """The synchronous classes of resources by path, such as `beta.threads.runs`. Methods of no operation are written by hand."""
    found: dict[str, dict[str, object]] = {}
    client = package.module("_client")
    root = client.defined["OpenAI"]
    assert isinstance(root, ast.ClassDef)
    todo = [("", name, where) for name, where in children(client, root)]
    seen: set[str] = set()
    while todo:
        above, name, where = todo.pop(0)
        path = f"{above}.{name}" if above else name
        module_name, _, leaf = where.rpartition(".")
        if not module_name.startswith("resources.") or where in seen:
            continue
        seen.add(where)
        module = package.module(module_name)
        node = module.defined[leaf]
        assert isinstance(node, ast.ClassDef)
        reader = Reader(module)
        methods: dict[str, dict[str, object]] = {}
        for one in node.body:
            if not isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)) or one.name.startswith("_"):
                continue
            if "cached_property" in decorators(one):
                continue
            collect(reader, one, methods)
        twin = module.defined[f"Async{leaf}"]
        assert isinstance(twin, ast.ClassDef)
        asynchronous: dict[str, dict[str, object]] = {}
        for one in twin.body:
            if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)) and one.name in methods:
                collect(reader, one, asynchronous)
        for name, method in methods.items():
            # A method of no operation is code; of its asynchronous twin nothing can be concluded.
            if f"{path}.{name}" not in operations:
                method["helper"] = asynchronous.get(name, {})
        below = children(module, node)
        record = {"module": module_name.removeprefix("resources."), "class": leaf}
        if below:
            record["below"] = {name: where.removeprefix("resources.") for name, where in below}
        raw = sorted(viewed(module, leaf) - set(methods))
        if raw:
            record["viewed"] = raw
        record["methods"] = methods
        found[path] = record
        todo.extend((path, name, where) for name, where in below)
    return found


def collect(
    reader: Reader, node: ast.FunctionDef | ast.AsyncFunctionDef, methods: dict[str, dict[str, object]]
) -> None:
    """Adds a method, or one more overload of it."""
    record: dict[str, object] = {"parameters": parameters(reader, node)}
    try:
        record["returns"] = reader.expression(node.returns) if node.returns else "null"
    except Unreadable:
        record["returns"] = "json"
    if isinstance(node, ast.AsyncFunctionDef):
        record["async"] = True
    marks = decorators(node)
    if "deprecated" in marks:
        record["deprecated"] = True
    if "overload" in marks:
        overloads = methods.setdefault(node.name, {"overloads": []})["overloads"]
        assert isinstance(overloads, list)
        overloads.append(record)
    else:
        methods[node.name] = {**record, **methods.get(node.name, {})}


def children(module: Module, node: ast.ClassDef) -> list[tuple[str, str]]:
    """The resources below a class, each with where its class is defined."""
    out = []
    for one in node.body:
        if isinstance(one, ast.FunctionDef) and "cached_property" in decorators(one) and not one.name.startswith("with_"):
            assert one.returns is not None
            out.append((one.name, Reader(module).name(one.returns)))
    return out


def viewed(module: Module, leaf: str) -> set[str]:
    """Methods that `with_raw_response` offers."""
    node = module.defined.get(f"{leaf}WithRawResponse")
    if not isinstance(node, ast.ClassDef):
        return set()
    targets = [one.targets[0] for one in ast.walk(node) if isinstance(one, ast.Assign)]
    return {one.attr for one in targets if isinstance(one, ast.Attribute) and not one.attr.startswith("_")}


def write(folder: Path, groups: dict[str, dict[str, object]], key: str) -> int:
    """Each group as a file of short lines, continued in further files where it is long."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    count = 0
    for group, members in sorted(groups.items()):
        pages: list[list[str]] = [[]]
        lines = 0
        for name, record in sorted(members.items()):
            text = f"{json.dumps(name)}: {layout(record, 1)}"
            length = text.count("\n") + 1
            if pages[-1] and lines + length > LONGEST:
                pages.append([])
                lines = 0
            pages[-1].append(text)
            lines += length
        for number, page in enumerate(pages, 1):
            suffix = "" if number == 1 else f"_{number}"
            body = ",\n".join(page)
            (folder / f"{group}{suffix}.json").write_text(f'{{"{key}": {{\n{body}}}}}\n', "utf-8")
            count += 1
    return count


def layout(value: object, depth: int) -> str:
    """JSON with a line for each member of an object, lists of texts with a line for each."""
    pad = "  " * depth
    short = json.dumps(value, ensure_ascii=False)
    if len(short) + len(pad) <= 110 or not isinstance(value, (dict, list)):
        return short
    if isinstance(value, dict) and value:
        inner = ",\n".join(f"{pad}{json.dumps(key)}: {layout(one, depth + 1)}" for key, one in value.items())
        return "{\n" + inner + "}"
    if isinstance(value, list) and value:
        inner = ",\n".join(f"{pad}{layout(one, depth + 1)}" for one in value)
        return "[\n" + inner + "]"
    return short


def group(module: str, is_package: bool) -> str:
    parts = module.split(".")
    if not is_package:
        parts = parts[:-1]
    return "_".join(parts) or "top"


def operations(api: Path) -> set[str]:
    """Official names of all operations."""
    found = set()
    for path in (api / "operations").glob("*.json"):
        for one in json.loads(path.read_text("utf-8"))["operations"]:
            found |= {one["id"], *one.get("python", {}).get("aliases", [])}
    return found


def main() -> None:
    package = Package(Path(sys.argv[1]))
    api = Path(sys.argv[2])
    by_group: dict[str, dict[str, object]] = {}
    for name, record in types(package).items():
        by_group.setdefault(group(name, "package" in record), {})[name] = record
    files = write(api / "python" / "types", by_group, "modules")
    tops: dict[str, dict[str, object]] = {}
    for name, record in resources(package, operations(api)).items():
        tops.setdefault(name.split(".")[0], {})[name] = record
    files += write(api / "python" / "resources", tops, "resources")
    sys.stdout.write(f"{files} files below {api / 'python'}\n")


if __name__ == "__main__":
    main()

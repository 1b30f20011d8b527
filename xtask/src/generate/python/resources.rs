//! `python/threadline/resources/`: a class for each official one, its asynchronous twin, and their views.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::Method;
use super::facts::{Facts, Helper, Resource, Signature};
use super::layout::{Doc, docstring, string};
use super::packages;
use super::render::{Annotations, import};
use super::signature::{is_page, write as write_signature};
use super::ty::Ty;
use super::types::PACKAGE;
use crate::generate::output::Files;
use crate::generate::rust::names::constant;

const ROOT: &str = "threadline.resources";

/// Writes the modules of all resources, their packages, and what the clients derive.
pub fn generate(facts: &Facts, methods: &[Method<'_>], files: &mut Files) {
    let mut packages: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    packages.entry(String::new()).or_default();
    for (path, resource) in &facts.resources {
        let body = Writer::new(facts, path, resource, methods).module();
        files.python(format!("{PACKAGE}/resources/{}.py", resource.module.replace('.', "/")), &body);
        // A package offers what its own modules define, and the main module of each package in it.
        let package = parent(&resource.module);
        let main = resource.module.rsplit('.').next() == package.rsplit('.').next();
        let offered = if main && !package.is_empty() { vec![package, parent(package)] } else { vec![package] };
        for package in offered {
            let names = packages.entry(package.to_owned()).or_default();
            names.extend(family(&resource.class).into_iter().map(|class| (class, resource.module.clone())));
        }
        let mut above = package;
        while !above.is_empty() {
            packages.entry(above.to_owned()).or_default();
            above = parent(above);
        }
    }
    for (package, names) in &packages {
        let below = facts
            .resources
            .values()
            .map(|resource| resource.module.as_str())
            .chain(packages.keys().map(String::as_str));
        let below: BTreeSet<String> = below
            .filter(|module| !module.is_empty() && parent(module) == package)
            .map(|module| module.rsplit('.').next().unwrap_or(module).to_owned())
            .collect();
        let text =
            if package.is_empty() { "Resources of the API.".to_owned() } else { format!("Resources of `{package}`.") };
        let body = packages::body(&text, (ROOT, package), names, &below.into_iter().collect::<Vec<_>>());
        let path = if package.is_empty() { String::new() } else { format!("{}/", package.replace('.', "/")) };
        files.python(format!("{PACKAGE}/resources/{path}__init__.py"), &body);
    }
    clients(facts, files);
}

fn parent(module: &str) -> &str {
    module.rsplit_once('.').map_or("", |(parent, _)| parent)
}

/// The six classes of a resource.
fn family(class: &str) -> [String; 6] {
    [
        class.to_owned(),
        format!("Async{class}"),
        format!("{class}WithRawResponse"),
        format!("Async{class}WithRawResponse"),
        format!("{class}WithStreamingResponse"),
        format!("Async{class}WithStreamingResponse"),
    ]
}

/// The resources of a client: a map for the runtime, classes for type checkers.
fn clients(facts: &Facts, files: &mut Files) {
    let tops: Vec<(&str, &Resource)> = facts
        .resources
        .iter()
        .filter(|(path, _)| !path.contains('.'))
        .map(|(path, resource)| (path.as_str(), resource))
        .collect();
    let mut top = String::from(
        "\"\"\"Resources that a client has: attribute, module, classes.\"\"\"\n\nfrom __future__ import annotations\n\nTOP = {\n",
    );
    for (path, resource) in &tops {
        let module = string(&packages::join(ROOT, &resource.module));
        let _ = writeln!(
            top,
            "    {}: ({module}, {}, {}),",
            string(path),
            string(&resource.class),
            string(&format!("Async{}", resource.class))
        );
    }
    top.push_str("}\n");
    files.python(format!("{PACKAGE}/resources/_top.py"), &top);

    let mut body = String::from(
        "\"\"\"Resources of the clients, for type checkers: at run time `client_resources` makes them of `_top`.\"\"\"\n\n\
         from __future__ import annotations\n\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n",
    );
    body.push_str(&import(4, "threadline._resource", &["cached_property".to_owned()]));
    for (_, resource) in &tops {
        let names = [resource.class.clone(), format!("Async{}", resource.class)];
        body.push_str(&import(4, &packages::join(ROOT, &resource.module), &names));
    }
    for (class, prefix) in [("SyncClientResources", ""), ("AsyncClientResources", "Async")] {
        let _ = write!(body, "\n\nclass {class}:\n    \"\"\"Resources as attributes.\"\"\"\n\n    if TYPE_CHECKING:\n");
        for (path, resource) in &tops {
            let _ = write!(
                body,
                "\n        @cached_property\n        def {path}(self) -> {prefix}{}: ...\n",
                resource.class
            );
        }
    }
    files.python(format!("{PACKAGE}/resources/_client_resources.py"), &body);
}

struct Writer<'a> {
    facts: &'a Facts,
    path: &'a str,
    resource: &'a Resource,
    methods: Vec<&'a Method<'a>>,
    annotations: Annotations<'a>,
    out: String,
}

impl<'a> Writer<'a> {
    fn new(facts: &'a Facts, path: &'a str, resource: &'a Resource, methods: &'a [Method<'a>]) -> Self {
        let own = |name: &str| methods.iter().find(|one| one.id.rsplit_once('.') == Some((path, name)));
        let methods = resource.methods.iter().filter(|method| !facts.skipped(path, &method.name));
        Self {
            facts,
            path,
            resource,
            methods: methods.filter_map(|method| own(&method.name)).collect(),
            annotations: Annotations::new(facts, ""),
            out: String::new(),
        }
    }

    fn module(mut self) -> String {
        self.class(false);
        self.class(true);
        for raw in [true, false] {
            self.view(raw, false);
            self.view(raw, true);
        }
        if self.facts.extras.offers.contains_key(self.path) {
            self.annotations.imports().add("typing", "Any");
        }
        let mut head = format!("\"\"\"The resource `{}`.\"\"\"\n\nfrom __future__ import annotations\n\n", self.path);
        self.annotations.imports().add("typing", "TYPE_CHECKING");
        head.push_str(&self.annotations.imports().write());
        let checked = self.annotations.checked.write();
        if !checked.is_empty() {
            head.push_str("\nif TYPE_CHECKING:\n");
            for line in checked.lines().filter(|line| !line.is_empty()) {
                let _ = writeln!(head, "    {line}");
            }
        }
        let class = &self.resource.class;
        let _ = write!(head, "\n__all__ = [{}, {}]\n", string(class), string(&format!("Async{class}")));
        if let Some(module) = self.facts.extras.offers.get(self.path) {
            let _ = write!(
                self.out,
                "\n\ndef __getattr__(name: str) -> Any:\n    from {} import {} as more\n\n    \
                 if name.startswith(\"__\"):\n        raise AttributeError(name)\n    return getattr(more, name)\n",
                parent(module),
                module.rsplit('.').next().unwrap_or(module)
            );
        }
        head + &self.out
    }

    fn class(&mut self, asynchronous: bool) {
        self.annotations.asynchronous = asynchronous;
        let prefix = if asynchronous { "Async" } else { "" };
        let class = format!("{prefix}{}", self.resource.class);
        let base = if asynchronous { "AsyncResource" } else { "SyncResource" };
        let imports = self.annotations.imports();
        imports.add("threadline._resource", base);
        imports.add("threadline._resource", "cached_property");
        let mut bases = vec![base.to_owned()];
        if let Some((module, mixin)) = self.facts.extras.mixins.get(self.path).and_then(|mixin| mixin.rsplit_once('.'))
        {
            let mixin = format!("{prefix}{mixin}");
            imports.add(module, &mixin);
            bases.insert(0, mixin);
        }
        let _ = write!(self.out, "\n\nclass {class}({}):\n", bases.join(", "));
        docstring(&mut self.out, 4, &format!("The resource `{}`.", self.path));
        for (name, target) in &self.resource.below {
            let (module, leaf) = target.rsplit_once('.').unwrap_or(("", target));
            let module = packages::join(ROOT, module);
            self.annotations.checked.add(&module, &format!("{prefix}{leaf}"));
            let _ = write!(
                self.out,
                "\n    @cached_property\n    def {name}(self) -> {prefix}{leaf}:\n        \
                 \"\"\"The resource `{}.{name}`.\"\"\"\n        from {module} import {prefix}{leaf}\n\n        \
                 return {prefix}{leaf}(self._client)\n",
                self.path
            );
        }
        let views = [
            ("with_raw_response", "WithRawResponse", "The same methods, giving the response with its headers."),
            (
                "with_streaming_response",
                "WithStreamingResponse",
                "The same methods as context managers, giving the response before its body is read.",
            ),
        ];
        for (name, suffix, text) in views {
            let _ = write!(
                self.out,
                "\n    @cached_property\n    def {name}(self) -> {class}{suffix}:\n        \
                 \"\"\"{text}\"\"\"\n        return {class}{suffix}(self)\n"
            );
        }
        for method in self.methods.clone() {
            self.method(method, asynchronous);
        }
        let (facts, resource) = (self.facts, self.resource);
        let helpers = facts.extras.helpers.get(self.path).map_or(&[][..], Vec::as_slice);
        for method in resource.methods.iter().filter(|method| helpers.contains(&method.name)) {
            if let Some(helper) = &method.helper {
                self.helper(method, helper, asynchronous);
            }
        }
    }

    /// A method that is code: its signature here, what it does in the mixin.
    fn helper(&mut self, method: &super::facts::Method, helper: &Helper, asynchronous: bool) {
        let id = format!("{}.{}", self.path, method.name);
        let (signature, overloads) =
            if asynchronous { (&helper.signature, &helper.overloads) } else { (&method.signature, &method.overloads) };
        // The official names are those of the class already.
        self.annotations.asynchronous = false;
        let awaited = asynchronous && helper.asynchronous;
        self.definition(&id, (&method.name, method.deprecated), signature, overloads, awaited);
        docstring(&mut self.out, 8, &format!("Helper `{id}`; see the guides."));
        self.annotations.imports().add("threadline._helpers", "given");
        let (mark, prefix) = (if awaited { "await " } else { "" }, if asynchronous { "Async" } else { "" });
        let mixin =
            self.facts.extras.mixins.get(self.path).map_or("", |mixin| mixin.rsplit('.').next().unwrap_or(mixin));
        let _ = writeln!(self.out, "        return {mark}{prefix}{mixin}.{}(**given(locals()))", method.name);
        self.annotations.asynchronous = asynchronous;
    }

    /// Everything of a method but its docstring and body.
    fn definition(
        &mut self,
        id: &str,
        (name, deprecated): (&str, bool),
        signature: &Signature,
        overloads: &[Signature],
        awaited: bool,
    ) {
        let text = format!("    @deprecated({})\n", string(&format!("{id} is deprecated by the vendor.")));
        let mark = |out: &mut String, annotations: &mut Annotations<'_>| {
            if deprecated {
                annotations.imports().add("threadline._utils", "deprecated");
                out.push_str(&text);
            }
        };
        for overload in overloads {
            self.annotations.imports().add("typing", "overload");
            self.out.push_str("\n    @overload\n");
            mark(&mut self.out, &mut self.annotations);
            write_signature(&mut self.out, &mut self.annotations, name, overload, awaited);
            let open = self.out.trim_end().len();
            self.out.truncate(open);
            self.out.push_str(" ...\n");
        }
        self.out.push('\n');
        mark(&mut self.out, &mut self.annotations);
        write_signature(&mut self.out, &mut self.annotations, name, signature, awaited);
    }

    fn method(&mut self, method: &Method<'_>, asynchronous: bool) {
        let facts = method.method;
        let awaited = asynchronous && !is_page(&facts.signature.returns);
        self.definition(method.id, (&facts.name, facts.deprecated), &facts.signature, &facts.overloads, awaited);
        let def = &method.operation.def;
        let summary = method.operation.summary.clone().unwrap_or_else(|| format!("Calls `{}`.", def.id));
        docstring(&mut self.out, 8, &format!("{summary}\n\n`{} {}`", def.verb, def.path));
        self.annotations.imports().add("threadline", "_operations as op");
        let number = constant(method.id);
        let page = is_page(&facts.signature.returns);
        let body = match &facts.signature.returns {
            Ty::Runtime(name, _) if page => {
                let name = name.rsplit('.').next().unwrap_or(name);
                let name = if asynchronous { name.replacen("Sync", "Async", 1) } else { name.to_owned() };
                self.annotations.imports().add("threadline.pagination", &name);
                format!("self._page(op.{number}, locals(), {name})")
            }
            _ if asynchronous => format!("await self._call(op.{number}, locals())"),
            _ => format!("self._call(op.{number}, locals())"),
        };
        let _ = writeln!(self.out, "        return {body}");
    }

    /// `…WithRawResponse`, `…WithStreamingResponse`: what they do is the base's; here are their members, for type checkers.
    fn view(&mut self, raw: bool, asynchronous: bool) {
        let prefix = if asynchronous { "Async" } else { "" };
        let suffix = if raw { "WithRawResponse" } else { "WithStreamingResponse" };
        let class = format!("{prefix}{}", self.resource.class);
        let base = format!("{prefix}{}", if raw { "RawView" } else { "StreamingView" });
        self.annotations.imports().add("threadline._resource", &base);
        let names: BTreeSet<&str> = self.resource.viewed.iter().map(String::as_str).collect();
        let _ = write!(self.out, "\n\nclass {class}{suffix}({base}):\n");
        let what = if raw { "responses with their headers" } else { "responses that are not read yet" };
        docstring(&mut self.out, 4, &format!("`{class}`, giving {what}."));
        self.out.push_str("\n    if TYPE_CHECKING:\n");
        let attribute = self.resource.class.to_lowercase();
        let _ = write!(
            self.out,
            "\n        def __init__(self, {attribute}: {class}) -> None:\n            self._{attribute} = {attribute}\n"
        );
        let own = self
            .methods
            .iter()
            .map(|method| (method.method.name.as_str(), is_binary(&method.method.signature.returns)));
        let skipped = self.resource.methods.iter().filter(|method| self.facts.skipped(self.path, &method.name));
        let all: Vec<(&str, bool)> = own
            .chain(skipped.map(|method| (method.name.as_str(), false)))
            .chain(names.into_iter().map(|name| (name, false)))
            .collect();
        for (name, binary) in all {
            let short = if asynchronous { "async_" } else { "" };
            if raw {
                let wrapper = format!("{short}to_raw_response_wrapper");
                self.annotations.checked.add("threadline._legacy_response", &wrapper);
                let _ = writeln!(self.out, "            self.{name} = {wrapper}({attribute}.{name})");
            } else if binary {
                let wrapper = format!("{short}to_custom_streamed_response_wrapper");
                let response = format!("{prefix}StreamedBinaryAPIResponse");
                self.annotations.checked.add("threadline._response", &wrapper);
                self.annotations.checked.add("threadline._response", &response);
                let call = Doc::brackets(
                    format!("{wrapper}("),
                    vec![Doc::Text(format!("{attribute}.{name}")), Doc::Text(response)],
                    ")",
                );
                super::layout::line(&mut self.out, 12, &format!("self.{name} = "), &call, "");
            } else {
                let wrapper = format!("{short}to_streamed_response_wrapper");
                self.annotations.checked.add("threadline._response", &wrapper);
                let _ = writeln!(self.out, "            self.{name} = {wrapper}({attribute}.{name})");
            }
        }
        for (name, target) in &self.resource.below {
            let (module, leaf) = target.rsplit_once('.').unwrap_or(("", target));
            let view = format!("{prefix}{leaf}{suffix}");
            self.annotations.checked.add(&packages::join(ROOT, module), &view);
            let _ = write!(self.out, "\n        @cached_property\n        def {name}(self) -> {view}: ...\n");
        }
    }
}

fn is_binary(ty: &Ty) -> bool {
    matches!(ty, Ty::Runtime(name, _) if name == "_legacy_response.HttpxBinaryResponseContent")
}

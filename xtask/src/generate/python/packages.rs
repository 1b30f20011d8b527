//! Packages: `__init__.py` files that load what is asked for.

use std::collections::BTreeMap;

use super::layout::{Doc, docstring, string};
use super::render::import;

/// The body of the `__init__.py` of a package below `root`. `names` maps what it offers to the module that defines it, below
/// `root`; `modules` are the modules inside the package.
pub fn body(text: &str, (root, package): (&str, &str), names: &BTreeMap<String, String>, modules: &[String]) -> String {
    let mut out = String::new();
    docstring(&mut out, 0, text);
    out.push_str("\nfrom __future__ import annotations\n\nfrom typing import TYPE_CHECKING\n\n");
    let mut by_module: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, module) in names {
        by_module.entry(module).or_default().push(format!("{name} as {name}"));
    }
    out.push_str("if TYPE_CHECKING:\n");
    if !modules.is_empty() {
        let modules: Vec<String> = modules.iter().map(|module| format!("{module} as {module}")).collect();
        out.push_str(&import(4, ".", &modules));
    }
    for (module, names) in by_module {
        out.push_str(&import(4, &join(root, module), &names));
    }
    if names.is_empty() && modules.is_empty() {
        out.push_str("    pass\n");
    }
    out.push_str("else:\n    from threadline._lazy import attach\n\n");
    let place = |module: &String| match module.strip_prefix(package).and_then(|rest| rest.strip_prefix('.')) {
        Some(inside) if !package.is_empty() => format!(".{inside}"),
        _ => module.clone(),
    };
    let items = names.iter().map(|(name, module)| format!("{}: {}", string(name), string(&place(module))));
    let map = Doc::filled("{", items, "}");
    let call = Doc::brackets("attach(", vec![Doc::Text("__name__".to_owned()), Doc::Text(string(root)), map], ")");
    out.push_str(&format!("    __getattr__, __dir__ = {}\n", call.lay(4, 30, 0)));
    out
}

/// A module below another.
pub fn join(root: &str, module: &str) -> String {
    match (root, module) {
        (_, "") => root.to_owned(),
        ("", _) => module.to_owned(),
        _ => format!("{root}.{module}"),
    }
}

//! Classes of resources: one line a method, into the runtime.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Body, CLIENT, Facts, Module, Offer, Resource, Signature};
use super::layout::{call, comment, line, names};
use super::refs::{Expressions, Refs, relative};
use super::{Call, Calls};

/// What the source of a class is made from.
#[derive(Debug)]
pub struct Class<'a> {
    /// The package.
    pub facts: &'a Facts,
    /// Operations by method.
    pub calls: &'a Calls<'a>,
    /// Its module's name.
    pub name: &'a str,
    /// Its module.
    pub module: &'a Module,
    /// Path of the resource.
    pub path: &'a str,
    /// Writer of types.
    pub expressions: &'a Expressions,
}

/// The source of a class in the three places where it stands.
#[derive(Debug, Default)]
pub struct Source {
    /// Imports by name for the namespace.
    pub imports: String,
    /// What they import of the runtime.
    pub imported: BTreeSet<(String, String)>,
    /// The class, its namespace, and the children that are loaded when they are asked for.
    pub body: String,
    /// What it needs from elsewhere.
    pub refs: Refs,
    /// Classes of pages that it makes.
    pub pages: BTreeSet<String>,
}

impl Class<'_> {
    /// All of it.
    pub fn write(&self, resource: &Resource) -> Source {
        let mut source = Source::default();
        let client = self.name == CLIENT;
        let (text, base) = match client {
            true => ("A client of the API.".to_owned(), "Client"),
            false => (format!("`client.{}`", self.path), "APIResource"),
        };
        comment(&mut source.body, 0, &text);
        source.body.push_str(&format!("export class {} extends {base} {{\n", resource.class));
        for (member, module, class) in &resource.below {
            source.refs.modules.insert(module.clone());
            let alias = self.expressions.alias(module);
            source.body.push_str(&format!("  declare {member}: {alias}.{class};\n"));
        }
        for (name, signatures) in &resource.methods {
            self.method(name, signatures, &mut source);
        }
        for (name, more) in self.facts.extras.more.get(self.path).into_iter().flatten() {
            self.method(name, std::slice::from_ref(&more.signature), &mut source);
        }
        source.body.push_str("}\n");
        self.namespace(resource, &mut source);
        self.children(resource, &mut source);
        source
    }

    fn method(&self, name: &str, signatures: &[Signature], source: &mut Source) {
        let id = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        let found = self.calls.0.get(&id);
        if !source.body.ends_with("{\n") {
            source.body.push('\n');
        }
        let mut text = found.and_then(|call| call.operation.summary.clone()).unwrap_or_default();
        if found.is_some_and(|call| call.operation.def.deprecated) {
            text = format!("{text}\n@deprecated");
        }
        let mut heads: Vec<(String, Vec<String>, String)> = signatures
            .iter()
            .map(|signature| {
                let mut write = |text: &str| self.expressions.write(text, &[], &mut source.refs);
                let generics = signature.generics.as_deref().map_or(String::new(), |text| format!("<{}>", write(text)));
                let parameters = signature.parameters.iter().map(|text| write(text)).collect();
                (format!("{name}{generics}("), parameters, format!("): {}", write(&signature.returns)))
            })
            .collect();
        if heads.len() > 1 {
            for (head, parameters, tail) in &heads {
                if !text.is_empty() {
                    comment(&mut source.body, 2, &text);
                }
                call(&mut source.body, 2, head, parameters, &format!("{tail};"));
            }
            heads.truncate(0);
        }
        let longest = signatures.iter().max_by_key(|signature| signature.parameters.len());
        let parameters: Vec<&str> =
            longest.into_iter().flat_map(|one| one.parameters.iter().map(|p| name_of(p))).collect();
        let body = match found {
            Some(call) => self.body(call, signatures, &parameters, source),
            None => self.helper(name, &parameters),
        };
        match heads.pop() {
            Some((head, parameters, tail)) => {
                if !text.is_empty() {
                    comment(&mut source.body, 2, &text);
                }
                call(&mut source.body, 2, &head, &parameters, &format!("{tail} {{"));
            }
            None => {
                // What the overloads have in common; their callers never see it.
                let generous: Vec<String> = parameters.iter().map(|name| format!("{name}?: any")).collect();
                call(&mut source.body, 2, &format!("{name}("), &generous, "): any {");
            }
        }
        source.body.push_str(&body);
        source.body.push_str("  }\n");
    }

    fn body(&self, call: &Call<'_>, signatures: &[Signature], parameters: &[&str], source: &mut Source) -> String {
        let given = parameters.iter().find(|name| PARAMS.contains(name)).copied();
        let Call { number, operation, inside } = call;
        let mut positional = parameters.iter().filter(|name| !PARAMS.contains(name) && **name != "options");
        let path: Vec<&str> = operation
            .def
            .path_params
            .iter()
            .map(|name| match inside.contains(name) {
                true => name.as_str(),
                false => positional.next().copied().unwrap_or("undefined"),
            })
            .collect();
        let mut out = String::new();
        let params = match given {
            Some(given) if !inside.is_empty() => {
                out.push_str(&format!("    const {{ {}, ...rest }} = {given};\n", inside.join(", ")));
                "rest"
            }
            Some(given) => given,
            None => "undefined",
        };
        let path = path.join(", ");
        match signatures.first().and_then(|signature| self.page(&signature.returns)) {
            Some(page) => {
                out.push_str(&format!(
                    "    return this._client._page({number}, [{path}], {params}, options, {page});\n"
                ));
                source.pages.insert(page);
            }
            None => {
                // The pages' runtime tells options in the query's place apart itself.
                let mixed =
                    signatures.iter().any(|one| one.parameters.iter().any(|text| text.contains(":ListOptions")));
                let given = if mixed {
                    source.refs.named.insert(("/internal/list-options".to_owned(), "+queryOrOptions".to_owned()));
                    format!("...queryOrOptions({params}, options)")
                } else {
                    format!("{params}, options")
                };
                out.push_str(&format!("    return this._client._call({number}, [{path}], {given});\n"));
            }
        }
        out
    }

    /// The class of the pages that a method gives.
    fn page(&self, returns: &str) -> Option<String> {
        let alias = returns.strip_prefix("@/core/pagination:PagePromise<@")?;
        let (target, rest) = alias.split_once(':')?;
        let name = rest.split([',', '>', '<']).next()?.trim();
        let module = if target.is_empty() { self.module } else { self.facts.modules.get(target)? };
        let definition = module.types.iter().find(|(dotted, _)| dotted == name).map(|(_, definition)| definition);
        match definition.map(|definition| &definition.body) {
            Some(Body::Alias(text)) => {
                let class = text.strip_prefix("@/core/pagination:")?;
                Some(class.split('<').next().unwrap_or(class).to_owned())
            }
            _ => Some(name.to_owned()),
        }
    }

    fn helper(&self, name: &str, parameters: &[&str]) -> String {
        let subject = self.facts.extras.helpers.get(self.path).and_then(|methods| methods.get(name));
        let subject = subject.map_or("", String::as_str);
        let file = relative(self.name, &format!("/lib/helpers/{subject}"));
        let given: String = parameters.iter().map(|name| format!(", {name}")).collect();
        format!("    return require('{file}').{name}(this{given});\n")
    }

    fn namespace(&self, resource: &Resource, source: &mut Source) {
        if resource.offers.is_empty() {
            return;
        }
        let mut groups: Vec<(Option<&str>, Vec<&Offer>)> = Vec::new();
        for offer in resource.offers.iter().filter(|offer| self.exists(offer)) {
            let module = offer.module.as_deref();
            match groups.last_mut() {
                Some((last, offers)) if *last == module => offers.push(offer),
                _ => groups.push((module, vec![offer])),
            }
        }
        let own: BTreeSet<&str> = self.module.types.iter().map(|(name, _)| name.as_str()).collect();
        let mut taken: BTreeMap<&str, ()> = own.iter().map(|name| (*name, ())).collect();
        taken.insert(&resource.class, ());
        let mut inside = String::new();
        for (module, offers) in &groups {
            let mut imported = Vec::new();
            let mut exported = Vec::new();
            for offer in offers {
                let kind = if offer.value { "" } else { "type " };
                let local = match module {
                    None => {
                        source.refs.own.insert(offer.source.clone());
                        offer.source.clone()
                    }
                    // The namespace's name is free; a name of the module that is the same is not.
                    Some(module) if taken.insert(&offer.source, ()).is_none() && !clashes(module, &offer.source) => {
                        source.imported.insert(((*module).to_owned(), offer.source.clone()));
                        imported.push(format!("{kind}{}", offer.source));
                        offer.source.clone()
                    }
                    Some(module) => {
                        let local = format!("{}{}", self.expressions.alias(module), offer.source);
                        imported.push(format!("{kind}{} as {local}", offer.source));
                        local
                    }
                };
                exported.push(format!("{kind}{local} as {}", offer.name));
            }
            if let Some(module) = module {
                names(
                    &mut source.imports,
                    0,
                    "import ",
                    &imported,
                    &format!(" from '{}';", relative(self.name, module)),
                );
            }
            names(&mut inside, 2, "export ", &exported, ";");
        }
        source.body.push_str(&format!("\nexport declare namespace {} {{\n{inside}}}\n", resource.class));
    }

    fn exists(&self, offer: &Offer) -> bool {
        match &offer.module {
            Some(module) if !module.starts_with('/') => self.facts.comes_out(module),
            _ => true,
        }
    }

    fn children(&self, resource: &Resource, source: &mut Source) {
        let load = |module: &str, class: &str| format!("() => require('{}').{class}", relative(self.name, module));
        let below: Vec<String> =
            resource.below.iter().map(|(member, module, class)| format!("{member}: {}", load(module, class))).collect();
        let values: Vec<String> = resource
            .offers
            .iter()
            .filter(|offer| offer.value && self.exists(offer))
            .filter_map(|offer| Some(format!("{}: {}", offer.name, load(offer.module.as_deref()?, &offer.source))))
            .collect();
        if below.is_empty() && values.is_empty() {
            return;
        }
        source.refs.named.insert(("/internal/lazy".to_owned(), "+lazy".to_owned()));
        source.body.push('\n');
        let object = |items: &[String]| match items {
            [] => "{}".to_owned(),
            items => format!("{{\n{}  }}", items.iter().map(|item| format!("    {item},\n")).collect::<String>()),
        };
        source.body.push_str(&format!(
            "lazy(\n  {},\n  {},\n  {},\n);\n",
            resource.class,
            object(&below),
            object(&values)
        ));
    }
}

/// Whether a module of resources takes something else of this name from the runtime.
fn clashes(module: &str, name: &str) -> bool {
    !module.starts_with('/') && ["APIPromise", "APIResource", "Client", "RequestOptions", "Stream"].contains(&name)
}

/// Names of the parameter that holds all arguments which are not positional.
pub const PARAMS: [&str; 3] = ["body", "query", "params"];

/// `name?: type` without its type.
pub fn name_of(parameter: &str) -> &str {
    parameter.split(':').next().unwrap_or(parameter).trim_end_matches('?')
}

/// A line of source for a name that a module takes from another one.
pub fn export(out: &mut String, names_of: &[String], from: &str) {
    if names_of.is_empty() {
        line(out, 0, "export * from ", &format!("'{from}'"), ";");
    } else {
        names(out, 0, "export ", names_of, &format!(" from '{from}';"));
    }
}

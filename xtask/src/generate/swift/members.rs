//! Tests of the generated types: each member is read and written, each initializer called, and what came of it compared with the table.

use std::fmt::Write as _;

use super::Names;
use super::text::string;
use super::types::members;
use crate::generate::common::{is_required, parts};
use crate::generate::output::Files;
use crate::generate::schema::Schema;
use crate::generate::schema::defs::TypeDef;

const DIR: &str = "bindings-swift/Tests/Types/Generated";

/// Lines of a file after which another one begins.
const LONGEST_FILE: usize = 1_200;

/// Writes the tests, and the list of them.
pub fn generate(schema: &Schema, names: &Names, files: &mut Files) {
    let mut texts = Vec::new();
    for (name, ty) in &schema.types {
        let TypeDef::Struct(def) = &ty.def else { continue };
        let swift = names.ty(name);
        let mut body = String::new();
        let mut arguments = Vec::new();
        for (field, _) in members(ty, def, true).chain(members(ty, def, false)) {
            let (how, member) = (if is_required(field) { "req" } else { "opt" }, names.of(name, &field.name));
            let _ = writeln!(body, "        m.{how}({}, \\.{member})", string(&field.name));
            arguments.push(format!("{member}: x.{member}").replace('`', ""));
        }
        if ty.sent {
            let made = if arguments.is_empty() {
                format!("_ in {swift}()")
            } else {
                format!("x in {swift}({})", arguments.join(", "))
            };
            let _ = writeln!(body, "        m.made {{ {made} }}");
        }
        if !body.is_empty() {
            texts.push(format!("    members(of: {swift}.self) {{ (m: Members<{swift}>) in\n{body}    }}\n"));
        }
    }
    let mut all = String::from("\nfunc allMembers() -> [() -> Void] {\n    [\n");
    for (number, body) in (1..).zip(parts(&texts, LONGEST_FILE)) {
        let body = format!("import Threadline\n\nfunc members{number}() {{\n{body}}}\n");
        files.swift(format!("{DIR}/members_{number}.swift"), &body);
        let _ = writeln!(all, "        members{number},");
    }
    all.push_str("    ]\n}\n");
    files.swift(format!("{DIR}/all_members.swift"), &all);
}

//! Builders of the classes that callers make: in Java `X.builder().a(…).build()`, in Kotlin also `X { a(…) }`.

use std::fmt::Write as _;

use super::{Names, kotlin_type};
use crate::generate::common::is_required;
use crate::generate::schema::defs::FieldDef;
use crate::generate::schema::expr::{Expr, Scalar};

/// Adds the companion's functions that begin with a builder.
pub fn factory(out: &mut String, kotlin: &str) {
    let _ = writeln!(
        out,
        "\n        /** A builder, with nothing set. */\n        @JvmStatic public fun builder(): Builder = Builder()\n\n        \
         /** One that is built in a block. */\n        \
         public inline operator fun invoke(build: Builder.() -> Unit): {kotlin} = Builder().apply(build).build()"
    );
}

/// Adds the builder.
pub fn class(out: &mut String, names: &Names, name: &str, members: &[(&FieldDef, &Expr)]) {
    let kotlin = names.ty(name);
    let _ = writeln!(out, "    /** Takes the members of [{kotlin}] one by one. */\n    public class Builder {{");
    for (field, expr) in members {
        let _ =
            writeln!(out, "        private var {}: {}? = null", names.of(name, &field.name), kotlin_type(names, expr));
    }
    out.push_str("        private var extra: Extra = Extra.NONE\n");
    for (field, expr) in members {
        let member = names.of(name, &field.name);
        let plain = member.trim_matches('`');
        let ty = kotlin_type(names, expr);
        let _ = writeln!(
            out,
            "\n        /** Sets [{kotlin}.{plain}]. */\n        public fun {member}(value: {ty}): Builder = apply {{ this.{member} = value }}"
        );
        let item = match expr {
            Expr::List(item) if !matches!(**item, Expr::Scalar(Scalar::Json)) => kotlin_type(names, item),
            _ => continue,
        };
        let _ = writeln!(
            out,
            "\n        /** Sets [{kotlin}.{plain}]. */\n        \
             public fun {member}(vararg value: {item}): Builder = apply {{ this.{member} = value.asList() }}"
        );
    }
    let _ = writeln!(
        out,
        "\n        /** Sets what no member has: further members, explicit nulls. */\n        \
         public fun extra(value: Extra): Builder = apply {{ this.extra = value }}\n\n        \
         /** The finished value. A member that is required and was not set is an [IllegalStateException]. */\n        \
         public fun build(): {kotlin} = {kotlin}("
    );
    for (field, _) in members {
        let member = names.of(name, &field.name);
        if is_required(field) {
            let _ = writeln!(out, "            needed({member}, \"{}\"),", field.name);
        } else {
            let _ = writeln!(out, "            {member},");
        }
    }
    out.push_str("            extra,\n        )\n    }\n");
}

//! Signatures of methods.

use super::facts::{Parameter, Signature};
use super::layout::{Doc, line};
use super::render::Annotations;
use super::ty::Ty;

/// Adds a `def` up to and with its colon, one parameter a line.
pub fn write(out: &mut String, annotations: &mut Annotations<'_>, name: &str, signature: &Signature, awaited: bool) {
    out.push_str(&format!("    {}def {name}(\n        self,\n", if awaited { "async " } else { "" }));
    for parameter in &signature.positional {
        write_parameter(out, annotations, parameter);
    }
    if signature.options || !signature.keywords.is_empty() {
        out.push_str("        *,\n");
    }
    for parameter in &signature.keywords {
        write_parameter(out, annotations, parameter);
    }
    if signature.options {
        for name in ["Body", "Headers", "NotGiven", "Query", "Timeout", "not_given"] {
            annotations.imports().add("threadline._types", name);
        }
        out.push_str(
            "        extra_headers: Headers | None = None,\n        extra_query: Query | None = None,\n        \
             extra_body: Body | None = None,\n        timeout: float | Timeout | None | NotGiven = not_given,\n",
        );
    }
    let returns = returns(annotations, &signature.returns);
    line(out, 4, ") -> ", &returns, ":");
}

/// What a method gives: arms with `|`, so that a stream stands beside the reply.
fn returns(annotations: &mut Annotations<'_>, ty: &Ty) -> Doc {
    let arms = ty.arms();
    let streams = arms.iter().any(|arm| matches!(arm, Ty::Runtime(..)));
    if arms.len() == 1 || !streams {
        return annotations.doc(ty);
    }
    let mut parts = Vec::new();
    for arm in arms {
        if !parts.is_empty() {
            parts.push(Doc::Text(" | ".to_owned()));
        }
        parts.push(annotations.doc(arm));
    }
    Doc::Sequence(parts)
}

/// Whether a page comes back: the asynchronous method is then no coroutine.
pub fn is_page(ty: &Ty) -> bool {
    matches!(ty, Ty::Runtime(name, _) if name.starts_with("pagination."))
}

fn write_parameter(out: &mut String, annotations: &mut Annotations<'_>, parameter: &Parameter) {
    let ty = annotations.doc(&parameter.ty);
    let (doc, default) = match parameter.default.as_deref() {
        None => (ty, String::new()),
        Some("omit") => {
            annotations.imports().add("threadline._types", "Omit");
            annotations.imports().add("threadline._types", "omit");
            (Doc::Sequence(vec![ty, Doc::Text(" | Omit".to_owned())]), " = omit".to_owned())
        }
        Some(other) => {
            if matches!(other, "NOT_GIVEN" | "not_given") {
                annotations.imports().add("threadline._types", other);
            }
            (ty, format!(" = {other}"))
        }
    };
    line(out, 8, &format!("{}: ", parameter.name), &doc, &format!("{default},"));
}

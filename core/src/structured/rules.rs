//! What a request says about how its answer is read.

use super::tree::Tree;
use crate::json::Json;

/// What a request asked for: the schema of the answer, and the function tools whose arguments are exact JSON. Made from
/// the request itself, so that an answer can be parsed wherever request and answer are at hand.
#[derive(Debug, Clone, Default)]
pub struct ParseRules {
    pub(super) schema: Option<Json>,
    functions: Vec<StrictFunction>,
}

#[derive(Debug, Clone)]
struct StrictFunction {
    namespace: Option<String>,
    name: String,
}

impl ParseRules {
    /// The rules of a request to chat completions or responses, given as the JSON object of its arguments.
    pub fn of_request(arguments: &Json) -> Self {
        let request = Tree::of(arguments);
        let chat = request.get("response_format").and_then(|format| format.get("json_schema"));
        let format = chat.or_else(|| request.get("text")?.get("format"));
        let schema = format.and_then(|format| format.get("schema")).map(Tree::to_json);
        let mut rules = Self { schema, functions: Vec::new() };
        rules.add(request.get("tools"), None);
        rules
    }

    /// The rules of a request that asks for answers of this schema.
    pub fn of_schema(schema: Json) -> Self {
        Self { schema: Some(schema), functions: Vec::new() }
    }

    fn add(&mut self, tools: Option<&Tree>, namespace: Option<&str>) {
        for tool in tools.and_then(Tree::as_list).unwrap_or_default() {
            match tool.text_at("type") {
                Some("function") => {
                    let function = tool.get("function").unwrap_or(tool);
                    if let Some(name) = function.text_at("name")
                        && function.get("strict") == Some(&Tree::Bool(true))
                    {
                        let namespace = namespace.map(str::to_owned);
                        self.functions.push(StrictFunction { namespace, name: name.to_owned() });
                    }
                }
                Some("namespace") => self.add(tool.get("tools"), tool.text_at("name")),
                _ => {}
            }
        }
    }

    /// Whether the arguments of a call of this function are exact JSON. A function of the top level may be called with
    /// its own name for a namespace.
    pub(super) fn is_strict(&self, namespace: Option<&str>, name: &str) -> bool {
        self.functions.iter().any(|function| {
            let own = function.namespace.as_deref();
            function.name == name && (own == namespace || own.is_none() && namespace == Some(name))
        })
    }
}

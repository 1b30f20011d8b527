//! Types as the generator writes them.

use crate::json::{Json, Map, Secret, Vector, model, open_enum, response, union};

open_enum! {
    /// State of a run.
    pub enum Status { Queued = "queued", InProgress = "in_progress" }
}

model! {
    /// A tool.
    pub struct FunctionTool {
        const { 0 "type" = "function" req; }
        required { 1 name: String = "name"; }
        optional { 2 strict: bool = "strict" null(strict_null); 3 parameters: Json = "parameters"; }
    }
}

model! {
    /// A tool.
    pub struct SearchTool {
        const { 0 "type" = "search" req; }
        required {}
        optional { 1 limit: i64 = "limit"; 2 r#type: String = "kind"; }
    }
}

model! {
    /// A message without a tag.
    pub struct EasyMessage {
        const { 0 "type" = "message" opt; }
        required { 1 role: String = "role"; 2 content: Content = "content"; }
        optional {}
    }
}

union! {
    /// A tool or a message.
    pub enum Tool tag "type" {
        Function(FunctionTool) = "function", "fn" => from;
        Search(SearchTool) = "search" => from;
        Plain(EasyMessage) = => from;
    }
}

union! {
    /// Text or parts.
    pub enum Content {
        Text: String => from;
        Parts: Vec<Tool> => from;
    }
}

union! {
    /// What an embedding is made of.
    pub enum Input {
        Text: String => from;
        Texts: Vec<String> => from;
        Tokens: Vec<i64> => from;
        TokenLists: Vec<Vec<i64>> => from;
        Nothing: ();
    }
}

model! {
    /// All kinds of fields.
    pub struct Params {
        const { 0 "object" = "params" opt; 1 "deleted" = true opt; }
        required {}
        optional {
            2 temperature: f64 = "temperature" null(temperature_null);
            3 tools: Vec<Tool> = "tools";
            4 metadata: Map<String> = "metadata" null(metadata_null);
            5 input: Input = "input";
            6 key: Secret = "key";
        }
    }
}

response! {
    /// All kinds of fields, received.
    pub struct Run {
        const { 0 "object" = "run" req; }
        required {
            1 id: String = "id";
            2 status: Status = "status";
            3 created_at: i64 = "created_at";
            4 score: f64 = "score";
            5 done: bool = "done";
            6 tools: Vec<Tool> = "tools";
            7 content: Content = "content";
            8 function: FunctionTool = "function";
        }
        optional {
            9 usage: Usage = "usage";
            10 metadata: Map<Json> = "metadata";
            11 embedding: Vector = "embedding";
            12 any: Json = "any";
            13 steps: Vec<Usage> = "steps";
            70 late: String = "late";
        }
    }
}

response! {
    /// Counts.
    pub struct Usage {
        const {}
        required { 0 total: i64 = "total"; 100 parts: Vec<i64> = "parts"; }
        optional { 1 by_name: Map<i64> = "by_name"; }
    }
}

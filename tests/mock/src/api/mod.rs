//! The API description, as the server reads it from `api/` when it starts.

mod route;
mod types;

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use serde::Deserialize;
use serde_json::{Map, Value};

pub use route::{Line, Matched};
pub use types::{Arm, Field, Struct, TypeDef, TypeExpr, Union};

/// All operations and types of the description.
#[derive(Debug, Default)]
pub struct Api {
    operations: Vec<Operation>,
    types: BTreeMap<String, TypeDef>,
    routes: route::Routes,
}

/// One endpoint of the description. The keys are those of `docs/api-format.md`.
#[derive(Debug, Clone, Deserialize)]
pub struct Operation {
    /// Official name, such as `chat.completions.create`.
    pub id: String,
    /// HTTP method.
    pub verb: String,
    /// Path with `{name}` placeholders; may carry a fixed query.
    pub path: String,
    /// Names of the placeholders, in order.
    #[serde(default)]
    pub path_params: Vec<String>,
    /// Struct type of all other arguments.
    #[serde(default)]
    pub params: Option<String>,
    /// Arguments in the query string.
    #[serde(default)]
    pub query: Vec<String>,
    /// Arguments in headers: argument name to header name.
    #[serde(default)]
    pub header_params: BTreeMap<String, String>,
    /// How the body is written.
    #[serde(default)]
    pub body: Option<Body>,
    /// Content types that parts of a form must have.
    #[serde(default)]
    pub part_types: BTreeMap<String, String>,
    /// What a successful reply holds.
    #[serde(default)]
    pub reply: Option<Reply>,
    /// How the operation pages.
    #[serde(default)]
    pub page: Option<Page>,
    /// How the operation streams.
    #[serde(default)]
    pub stream: Option<Stream>,
    /// Headers that the endpoint requires.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// `key`, `admin` or `none`.
    #[serde(default)]
    pub auth: Option<String>,
}

/// How a request body is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Body {
    /// `json` or `multipart`.
    Kind(String),
    /// One argument is the whole body.
    Raw {
        /// Which argument, and its content type.
        raw: RawBody,
    },
}

/// The argument that is the whole body.
#[derive(Debug, Clone, Deserialize)]
pub struct RawBody {
    /// Name of the argument.
    pub field: String,
    /// Value of `Content-Type`.
    pub content_type: String,
}

/// What a successful reply holds.
#[derive(Debug, Clone, Deserialize)]
pub struct Reply {
    /// `json`, `json_or_text`, `text`, `binary`, `empty` or `events`.
    pub kind: String,
    /// Type expression of the value.
    #[serde(default, rename = "type")]
    pub ty: Option<String>,
}

/// How a list operation pages.
#[derive(Debug, Clone, Deserialize)]
pub struct Page {
    /// `cursor`, `last_id`, `token`, `next` or `single`.
    pub style: String,
    /// Type expression of one item.
    pub item: String,
}

/// How an operation streams.
#[derive(Debug, Clone, Deserialize)]
pub struct Stream {
    /// The argument that asks for a stream; absent if the operation always streams.
    #[serde(default)]
    pub param: Option<String>,
    /// Type expression of one event.
    pub event: String,
    /// `data` or `named`.
    #[serde(default)]
    pub frame: Option<String>,
    /// `"done"`, `"eof"` or a list of event types.
    #[serde(default)]
    pub end: Value,
}

impl Operation {
    /// Whether the body is `json`.
    pub fn body_is(&self, kind: &str) -> bool {
        matches!(&self.body, Some(Body::Kind(k)) if k == kind)
    }

    /// The kind of the reply; `json` where the description leaves it out.
    pub fn reply_kind(&self) -> &str {
        self.reply.as_ref().map_or("json", |r| r.kind.as_str())
    }
}

#[derive(Deserialize)]
struct OperationsFile {
    operations: Vec<Operation>,
}

/// A line of `description.jsonl`: a file of either kind.
#[cfg(feature = "packed")]
#[derive(Deserialize)]
struct PackedFile {
    #[serde(default)]
    operations: Vec<Operation>,
    #[serde(default)]
    types: Map<String, Value>,
}

#[derive(Deserialize)]
struct TypesFile {
    types: Map<String, Value>,
}

/// The description could not be read: which file, and why.
#[derive(Debug)]
pub struct LoadError {
    path: PathBuf,
    why: String,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "API description {}: {}", self.path.display(), self.why)
    }
}

impl std::error::Error for LoadError {}

fn at(path: &Path, why: impl fmt::Display) -> LoadError {
    LoadError { path: path.to_owned(), why: why.to_string() }
}

impl Api {
    /// Reads `operations/*.json` and `types/*.json` below `dir`.
    ///
    /// # Errors
    /// Names the file that is missing, is not JSON or breaks the format, or a type that is named but not defined.
    pub fn load(dir: impl AsRef<Path>) -> Result<Self, LoadError> {
        let dir = dir.as_ref();
        let mut api = Self::default();
        for path in json_files(&dir.join("operations"))? {
            let text = fs::read(&path).map_err(|e| at(&path, e))?;
            let file: OperationsFile = serde_json::from_slice(&text).map_err(|e| at(&path, e))?;
            api.operations.extend(file.operations);
        }
        for path in json_files(&dir.join("types"))? {
            let text = fs::read(&path).map_err(|e| at(&path, e))?;
            let file: TypesFile = serde_json::from_slice(&text).map_err(|e| at(&path, e))?;
            for (name, value) in file.types {
                let def = TypeDef::read(&value).map_err(|e| at(&path, format!("type {name}: {e}")))?;
                api.types.insert(name, def);
            }
        }
        api.finish().map_err(|e| at(dir, e))
    }

    /// Makes a description from the two kinds of files, joined: `{"operations": […], "types": {…}}`.
    ///
    /// # Errors
    /// Says what does not fit the format.
    pub fn from_json(text: &str) -> Result<Self, LoadError> {
        let here = Path::new("(given text)");
        let ops: OperationsFile = serde_json::from_str(text).map_err(|e| at(here, e))?;
        let types: TypesFile = serde_json::from_str(text).map_err(|e| at(here, e))?;
        let mut api = Self { operations: ops.operations, ..Self::default() };
        for (name, value) in types.types {
            let def = TypeDef::read(&value).map_err(|e| at(here, format!("type {name}: {e}")))?;
            api.types.insert(name, def);
        }
        api.finish().map_err(|e| at(here, e))
    }

    /// The workspace's own `api/` (or the folder that `THREADLINE_API` names), read once a process.
    ///
    /// # Errors
    /// As [`Api::load`].
    pub fn shared() -> Result<Arc<Self>, LoadError> {
        static SHARED: OnceLock<Arc<Api>> = OnceLock::new();
        if let Some(api) = SHARED.get() {
            return Ok(api.clone());
        }
        let dir = std::env::var_os("THREADLINE_API").map_or_else(Self::default_dir, PathBuf::from);
        let api = Arc::new(Self::load(dir)?);
        Ok(SHARED.get_or_init(|| api).clone())
    }

    /// The description as it was when this was compiled.
    ///
    /// # Errors
    /// As [`Api::load`]; tests hold it to be none.
    #[cfg(feature = "packed")]
    pub fn packed() -> Result<Self, LoadError> {
        let here = Path::new("(packed)");
        let mut api = Self::default();
        for line in include_str!("../description.jsonl").lines() {
            let file: PackedFile = serde_json::from_str(line).map_err(|e| at(here, e))?;
            api.operations.extend(file.operations);
            for (name, value) in file.types {
                let def = TypeDef::read(&value).map_err(|e| at(here, format!("type {name}: {e}")))?;
                api.types.insert(name, def);
            }
        }
        api.finish().map_err(|e| at(here, e))
    }

    /// The folder `api/` of this workspace.
    pub fn default_dir() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../api")
    }

    /// All operations.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation of that name.
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|op| op.id == id)
    }

    /// The definition of a named type.
    pub fn type_def(&self, name: &str) -> Option<&TypeDef> {
        self.types.get(name)
    }

    /// The operation that a request is for.
    pub fn route(&self, line: &Line<'_>) -> Option<Matched<'_>> {
        self.routes.find(&self.operations, line)
    }

    fn finish(mut self) -> Result<Self, String> {
        self.routes = route::Routes::new(&self.operations);
        for (name, def) in &self.types {
            for expr in def.exprs() {
                self.known(expr).map_err(|e| format!("type {name}: {e}"))?;
            }
        }
        for op in &self.operations {
            let named = [
                op.params.as_deref(),
                op.reply.as_ref().and_then(|r| r.ty.as_deref()),
                op.page.as_ref().map(|p| p.item.as_str()),
                op.stream.as_ref().map(|s| s.event.as_str()),
            ];
            for text in named.into_iter().flatten() {
                let expr = TypeExpr::parse(text).map_err(|e| format!("operation {}: {e}", op.id))?;
                self.known(&expr).map_err(|e| format!("operation {}: {e}", op.id))?;
            }
        }
        Ok(self)
    }

    fn known(&self, expr: &TypeExpr) -> Result<(), String> {
        match expr {
            TypeExpr::List(inner) | TypeExpr::Map(inner) => self.known(inner),
            TypeExpr::Named(name) if !self.types.contains_key(name) => Err(format!("type {name} is not defined")),
            _ => Ok(()),
        }
    }
}

fn json_files(dir: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let list = fs::read_dir(dir).map_err(|e| at(dir, e))?;
    let mut files = list.map(|e| e.map(|e| e.path())).collect::<Result<Vec<_>, io::Error>>().map_err(|e| at(dir, e))?;
    files.retain(|p| p.extension().is_some_and(|e| e == "json"));
    files.sort();
    Ok(files)
}

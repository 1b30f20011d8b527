//! Lists by position: a page is a range of the hidden order.

use serde_json::{Value as Json, json};

use crate::check::{check_int, not_one_of, wrong_type};
use crate::db::{Db, Value};
use crate::error::{ApiError, Failure};
use crate::ids;

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) limit: i64,
    pub(crate) ascending: bool,
    pub(crate) after: Option<String>,
    pub(crate) before: Option<String>,
}

impl Page {
    /// Reads `limit`, `order`, `after` and `before` of a query.
    pub(crate) fn read(query: &[(String, String)], default: i64, max: i64) -> Result<Self, ApiError> {
        let get = |name: &str| query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let limit = match get("limit") {
            None | Some("") => default,
            Some(text) => {
                // So many digits are a number, however long, and too large.
                let long = text.bytes().all(|byte| byte.is_ascii_digit()).then_some(i64::MAX);
                let limit = text.parse::<i64>().ok().or(long);
                let limit = limit.ok_or_else(|| wrong_type("limit", "integer", &json!(text)))?;
                check_int("limit", limit, 1, max)?;
                limit
            }
        };
        let ascending = match get("order") {
            None | Some("" | "desc") => false,
            Some("asc") => true,
            Some(other) => return Err(not_one_of("order", other, &["asc", "desc"])),
        };
        let cursor = |name| get(name).filter(|id| !id.is_empty()).map(ids::file);
        Ok(Self { limit, ascending, after: cursor("after"), before: cursor("before") })
    }
}

/// Where a list's rows are: a table, a condition, and the noun for a cursor that is not there.
pub(crate) struct Scope<'a> {
    pub(crate) table: &'a str,
    /// A condition over `$1`, `$2`, ...; its parameters are `params`.
    pub(crate) condition: &'a str,
    pub(crate) params: Vec<Value>,
    /// The column a cursor names.
    pub(crate) id: &'a str,
    pub(crate) noun: &'a str,
}

/// Objects of a page and whether more follow.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) objects: Vec<Json>,
    pub(crate) has_more: bool,
}

impl Listing {
    /// The body of the reply, each object as `show` gives it.
    pub(crate) fn body(&self, show: impl Fn(&Json) -> Json) -> Json {
        let data: Vec<Json> = self.objects.iter().map(show).collect();
        let id = |object: Option<&Json>| object.map(|object| object["id"].clone()).unwrap_or_default();
        json!({
            "object": "list",
            "first_id": id(data.first()),
            "last_id": id(data.last()),
            "has_more": self.has_more,
            "data": data,
        })
    }
}

/// Reads one page.
pub(crate) async fn list(db: &Db, scope: Scope<'_>, page: &Page) -> Result<Listing, Failure> {
    let mut sql = format!("select body from {} where {}", scope.table, scope.condition);
    let mut params = scope.params.clone();
    for (cursor, later) in [(&page.after, page.ascending), (&page.before, !page.ascending)] {
        if let Some(id) = cursor {
            params.push(Value::Int(position(db, &scope, id).await?));
            sql.push_str(&format!(" and seq {} ${}", if later { '>' } else { '<' }, params.len()));
        }
    }
    params.push(Value::Int(page.limit + 1));
    sql.push_str(&format!(" order by seq {} limit ${}", if page.ascending { "asc" } else { "desc" }, params.len()));
    let rows = db.query(&sql, params).await?;
    let has_more = rows.len() as i64 > page.limit;
    let shown = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let objects = rows.iter().take(shown).map(|row| row.json(0)).collect::<Result<_, _>>()?;
    Ok(Listing { objects, has_more })
}

async fn position(db: &Db, scope: &Scope<'_>, id: &str) -> Result<i64, Failure> {
    let mut params = scope.params.clone();
    params.push(Value::from(id));
    let sql = format!("select seq from {} where {} and {} = ${}", scope.table, scope.condition, scope.id, params.len());
    match db.query(&sql, params).await?.first() {
        Some(row) => row.int(0),
        None => Err(ApiError::absent(scope.noun, id).into()),
    }
}

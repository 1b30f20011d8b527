//! Operations for routes that the description does not have.

use std::sync::LazyLock;

use crate::operation::{Auth, BodyKind, End, Frame, Operation, ReplyKind, StreamStyle, Verb};

/// How the reply to an undocumented request is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// JSON or text, whole: for [`Client::execute`](crate::Client::execute).
    Whole,
    /// Bytes of any kind, piece by piece: for [`Client::download`](crate::Client::download).
    Bytes,
    /// Server-sent events to the end of the body: for [`Client::stream`](crate::Client::stream).
    Events,
}

/// What an undocumented request sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sends {
    /// Nothing; arguments go into the query string.
    Nothing,
    /// The arguments as one JSON object.
    Json,
    /// The arguments as `multipart/form-data`.
    Form,
    /// The argument `content` as it is; `application/octet-stream`, unless a header says otherwise.
    Content,
}

const VERBS: [Verb; 5] = [Verb::Get, Verb::Post, Verb::Put, Verb::Patch, Verb::Delete];
const SENDS: [Sends; 4] = [Sends::Nothing, Sends::Json, Sends::Form, Sends::Content];
const ANSWERS: [Answer; 3] = [Answer::Whole, Answer::Bytes, Answer::Events];
const AUTHS: [Auth; 2] = [Auth::Key, Auth::Admin];

/// All of them, in the order of [`place`].
static ALL: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let mut all = Vec::with_capacity(VERBS.len() * SENDS.len() * ANSWERS.len() * AUTHS.len());
    for verb in VERBS {
        for sends in SENDS {
            for answer in ANSWERS {
                for auth in AUTHS {
                    all.push(row(verb, sends, answer, auth));
                }
            }
        }
    }
    all
});

/// The operation of a route that the description does not have. Its one path argument is the path below the base URL
/// with whatever query, sent as it is.
///
/// Paths below `/organization` are authenticated by the admin key, where there is one. Everything else is as with every call:
/// retries, limits, deadlines, errors.
///
/// ```no_run
/// use threadline::operation::Verb;
/// use threadline::undocumented::{Answer, Sends, operation};
/// use threadline::{Args, Client, Error, RequestOptions};
///
/// # async fn run(client: Client) -> Result<(), Error> {
/// let path = "/gadgets/g_1/turn";
/// let args = Args::new(vec![path.to_owned()], r#"{"degrees":90}"#, Vec::new());
/// let turned = operation(Verb::Post, path, Sends::Json, Answer::Whole);
/// let reply = client.execute(turned, args, RequestOptions::new()).await?;
/// println!("{}", String::from_utf8_lossy(&reply.body));
/// # Ok(()) }
/// ```
pub fn operation(verb: Verb, path: &str, sends: Sends, answer: Answer) -> &'static Operation {
    let first = path.trim_start_matches('/').split(['/', '?']).next();
    let auth = if first == Some("organization") { Auth::Admin } else { Auth::Key };
    &ALL[place(verb, sends, answer, auth)]
}

/// The operation that a text names: a verb and what it sends, `get`, `post json`, `post form`, `put content`. The path is that of
/// [`operation`].
pub fn named(name: &str, path: &str, answer: Answer) -> Option<&'static Operation> {
    let (verb, sends) = name.split_once(' ').unwrap_or((name, "nothing"));
    let verb = match verb {
        "get" => Verb::Get,
        "post" => Verb::Post,
        "put" => Verb::Put,
        "patch" => Verb::Patch,
        "delete" => Verb::Delete,
        _ => return None,
    };
    let sends = match sends {
        "nothing" => Sends::Nothing,
        "json" => Sends::Json,
        "form" => Sends::Form,
        "content" => Sends::Content,
        _ => return None,
    };
    Some(operation(verb, path, sends, answer))
}

fn place(verb: Verb, sends: Sends, answer: Answer, auth: Auth) -> usize {
    fn at<T: PartialEq>(list: &[T], item: &T) -> usize {
        list.iter().position(|known| known == item).unwrap_or(0)
    }
    let verb = at(&VERBS, &verb) * SENDS.len() + at(&SENDS, &sends);
    (verb * ANSWERS.len() + at(&ANSWERS, &answer)) * AUTHS.len() + at(&AUTHS, &auth)
}

fn row(verb: Verb, sends: Sends, answer: Answer, auth: Auth) -> Operation {
    Operation {
        id: match verb {
            Verb::Get => "get",
            Verb::Post => "post",
            Verb::Put => "put",
            Verb::Patch => "patch",
            Verb::Delete => "delete",
        },
        verb,
        path: "/{+path}",
        path_params: &["path"],
        query: &[],
        header_params: &[],
        defaults: &[],
        body: match sends {
            Sends::Nothing => BodyKind::None,
            Sends::Json => BodyKind::Json,
            Sends::Form => BodyKind::Multipart,
            Sends::Content => BodyKind::Raw { field: "content", content_type: "application/octet-stream" },
        },
        part_types: &[],
        reply: match answer {
            Answer::Whole => ReplyKind::JsonOrText,
            Answer::Bytes => ReplyKind::Binary,
            Answer::Events => ReplyKind::Events,
        },
        page: None,
        stream: (answer == Answer::Events).then_some(StreamStyle { param: None, frame: Frame::Data, end: End::Eof }),
        headers: &[],
        auth,
        deprecated: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_verb_and_body() {
        let post = named("post json", "/x", Answer::Whole).unwrap();
        assert!(std::ptr::eq(post, operation(Verb::Post, "/x", Sends::Json, Answer::Whole)));
        assert_eq!(named("get", "/x", Answer::Events).unwrap().verb, Verb::Get);
        assert!(named("get something", "/x", Answer::Whole).is_none());
        assert!(named("models.list", "/x", Answer::Whole).is_none());
    }

    #[test]
    fn every_combination_has_its_own_operation() {
        for verb in VERBS {
            for sends in SENDS {
                for answer in ANSWERS {
                    for (auth, path) in [(Auth::Key, "/organizations/x"), (Auth::Admin, "organization/x")] {
                        let found = operation(verb, path, sends, answer);
                        assert_eq!((found.verb, found.auth), (verb, auth));
                        assert_eq!(found.stream.is_some(), answer == Answer::Events);
                        assert_eq!(matches!(found.body, BodyKind::None), sends == Sends::Nothing);
                    }
                }
            }
        }
    }
}

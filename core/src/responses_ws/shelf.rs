//! Connections that wait to be used again. A plain struct: times come in as the time since any fixed moment.

use std::time::Duration;

/// A connection on the shelf.
#[derive(Debug)]
#[non_exhaustive]
pub struct Shelved<T> {
    /// The connection.
    pub value: T,
    /// When it was opened.
    pub opened: Duration,
    /// Id of the last response it carried: the server may hold that one for this connection alone.
    pub last: Option<String>,
    since: Duration,
}

/// Idle connections, the latest used last.
#[derive(Debug)]
pub struct Shelf<T> {
    idle: Vec<Shelved<T>>,
    idle_time: Duration,
    max_age: Duration,
}

impl<T> Shelf<T> {
    /// A shelf that keeps a connection for `idle_time` unused, and `max_age` in all.
    pub fn new(idle_time: Duration, max_age: Duration) -> Self {
        Self { idle: Vec::new(), idle_time, max_age }
    }

    /// Puts a connection back. One that is too old comes back out.
    pub fn put(&mut self, value: T, opened: Duration, last: Option<String>, now: Duration) -> Option<T> {
        if now.saturating_sub(opened) >= self.max_age {
            return Some(value);
        }
        self.idle.push(Shelved { value, opened, last, since: now });
        None
    }

    /// Takes a connection: the one that carried the response `previous`, else the one used last. Others that carried some
    /// response come later in the choice only by their place.
    pub fn take(&mut self, previous: Option<&str>) -> Option<Shelved<T>> {
        let wanted = previous.and_then(|id| self.idle.iter().position(|found| found.last.as_deref() == Some(id)));
        match wanted {
            Some(place) => Some(self.idle.remove(place)),
            None => self.idle.pop(),
        }
    }

    /// Takes out all whose time is over.
    pub fn expired(&mut self, now: Duration) -> Vec<T> {
        let (idle_time, max_age) = (self.idle_time, self.max_age);
        let over = |found: &mut Shelved<T>| {
            now.saturating_sub(found.since) >= idle_time || now.saturating_sub(found.opened) >= max_age
        };
        self.idle.extract_if(.., over).map(|found| found.value).collect()
    }

    /// When the next one's time is over; `None` if the shelf is empty.
    pub fn next_expiry(&self) -> Option<Duration> {
        let ends = self
            .idle
            .iter()
            .map(|found| found.since.saturating_add(self.idle_time).min(found.opened.saturating_add(self.max_age)));
        ends.min()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.idle.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.idle.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn shelf() -> Shelf<&'static str> {
        let mut shelf = Shelf::new(s(60), s(1000));
        for (name, last, at) in [("a", Some("resp_1"), 0), ("b", None, 10), ("c", Some("resp_3"), 20)] {
            assert_eq!(shelf.put(name, s(0), last.map(str::to_owned), s(at)), None);
        }
        shelf
    }

    #[test]
    fn the_connection_that_knows_the_previous_response_comes_first() {
        let mut shelf = shelf();
        assert_eq!(shelf.take(Some("resp_1")).map(|found| found.value), Some("a"));
        assert_eq!(shelf.take(Some("resp_unknown")).map(|found| found.value), Some("c"));
        assert_eq!(shelf.take(None).map(|found| found.value), Some("b"));
        assert!(shelf.take(None).is_none() && shelf.is_empty());
    }

    #[test]
    fn connections_leave_when_their_time_is_over() {
        let mut shelf = shelf();
        assert_eq!(shelf.next_expiry(), Some(s(60)));
        assert!(shelf.expired(s(59)).is_empty());
        assert_eq!(shelf.expired(s(70)), ["a", "b"]);
        assert_eq!(shelf.next_expiry(), Some(s(80)));
        assert_eq!((shelf.expired(s(80)), shelf.next_expiry()), (vec!["c"], None));
    }

    #[test]
    fn an_old_connection_is_not_kept() {
        let mut shelf = Shelf::new(s(60), s(100));
        assert_eq!(shelf.put("young", s(50), None, s(149)), None);
        assert_eq!(shelf.put("old", s(50), None, s(150)), Some("old"));
        assert_eq!(shelf.next_expiry(), Some(s(150)));
        assert_eq!((shelf.expired(s(150)), shelf.len()), (vec!["young"], 0));
    }
}

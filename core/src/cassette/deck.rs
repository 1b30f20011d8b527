//! The exchanges of a cassette while it is in use.

use std::fs;
use std::path::{Path, PathBuf};

use super::Mode;
use super::format::{Answered, Asked, Exchange, Tape};
use super::matching::{nearest, same, show};

/// The exchanges in the order in which they were asked for.
#[derive(Debug)]
pub(super) struct Deck {
    path: PathBuf,
    slots: Vec<Slot>,
    ignored: Vec<String>,
    allow_repeats: bool,
    /// Why the file could not be written.
    failed: Option<String>,
}

#[derive(Debug)]
struct Slot {
    /// `None` while the reply is on its way, or if none came.
    exchange: Option<Exchange>,
    played: bool,
}

impl Deck {
    /// The cassette in this file.
    pub(super) fn open(path: &Path, mode: Mode, ignored: Vec<String>, allow_repeats: bool) -> Result<Self, String> {
        let wrong = |what: String| format!("the cassette {} {what}", path.display());
        let exchanges = match fs::read_to_string(path) {
            _ if mode == Mode::Record => Vec::new(),
            Ok(text) => Tape::read(&text).map_err(wrong)?.exchanges,
            Err(error) if mode == Mode::RecordMissing && error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(wrong(format!("cannot be read: {error}"))),
        };
        let slots = exchanges.into_iter().map(|exchange| Slot { exchange: Some(exchange), played: false }).collect();
        Ok(Self { path: path.to_owned(), slots, ignored, allow_repeats, failed: None })
    }

    /// Names that do not count when requests are compared.
    pub(super) fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// The reply to this request that is next in turn.
    pub(super) fn take(&mut self, asked: &Asked) -> Option<Answered> {
        let matches = |slot: &&mut Slot| {
            slot.exchange.as_ref().is_some_and(|exchange| same(&exchange.request, asked, &self.ignored))
        };
        let mut last = None;
        for slot in self.slots.iter_mut().filter(matches) {
            let reply = slot.exchange.as_ref().map(|exchange| exchange.reply.clone());
            if !slot.played {
                slot.played = true;
                return reply;
            }
            last = reply;
        }
        last.filter(|_| self.allow_repeats)
    }

    /// Why there is no reply to this request.
    pub(super) fn missing(&self, asked: &Asked) -> String {
        let exchanges: Vec<&Exchange> = self.slots.iter().filter_map(|slot| slot.exchange.as_ref()).collect();
        let what = format!("{} {}", asked.method, asked.path);
        let path = self.path.display();
        let times = exchanges.iter().filter(|exchange| same(&exchange.request, asked, &self.ignored)).count();
        if times > 0 {
            return format!(
                "the cassette {path} holds {times} replies to this {what}, and all were played; \
                 record it again, or allow repeats"
            );
        }
        let near = nearest(exchanges.iter().map(|exchange| &exchange.request), asked, &self.ignored);
        let near = near.and_then(|(at, found)| Some((at, &exchanges.get(at)?.request, found)));
        match near {
            None => format!("the cassette {path} is empty: it has no reply to {what}"),
            Some((at, other, found)) => {
                let mut why = show(&found);
                if (&other.method, &other.path) != (&asked.method, &asked.path) {
                    "it is another request".clone_into(&mut why);
                }
                let (number, method, path_) = (at + 1, &other.method, &other.path);
                format!(
                    "the cassette {path} has no reply to this {what}; nearest is exchange {number}, {method} {path_}: {why}"
                )
            }
        }
    }

    /// A place for an exchange that begins now.
    pub(super) fn begin(&mut self) -> Result<usize, String> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        // Its own request has played it.
        self.slots.push(Slot { exchange: None, played: true });
        Ok(self.slots.len() - 1)
    }

    /// Fills the place, and writes the file.
    pub(super) fn finish(&mut self, place: usize, exchange: Exchange) -> Result<(), String> {
        self.slots[place].exchange = Some(exchange);
        let written = self.write();
        if let Err(error) = &written {
            self.failed = Some(error.clone());
        }
        written
    }

    fn write(&self) -> Result<(), String> {
        let exchanges = self.slots.iter().filter_map(|slot| slot.exchange.clone()).collect();
        let failed = |error: String| format!("the cassette {} cannot be written: {error}", self.path.display());
        let text = Tape::write(exchanges).map_err(failed)?;
        let mut half = self.path.clone().into_os_string();
        half.push(".part");
        let write = || {
            if let Some(folder) = self.path.parent() {
                fs::create_dir_all(folder)?;
            }
            // Whoever reads meanwhile reads the old file or the new one, never half of one.
            fs::write(&half, text)?;
            fs::rename(&half, &self.path)
        };
        write().map_err(|error: std::io::Error| failed(error.to_string()))
    }
}

//! Price tables: data that a program can replace.

use std::collections::BTreeMap;

use super::Money;
use super::money::micro;
use crate::error::Error;
use crate::json::{Doc, Kind, Node};
use crate::observe::TokenUsage;

/// The table that comes with the crate.
const SHIPPED: &str = include_str!("../../prices.json");

/// Prices by model and service tier.
///
/// A table is JSON: `core/prices.json` is one, the guide on costs describes it. Prices change; the table that comes with the crate names the day it was written, and keeping one up to
/// date is up to the program that uses it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prices {
    currency: String,
    as_of: String,
    models: BTreeMap<String, Model>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Model {
    base: Rates,
    long: Option<(u64, Rates)>,
    tiers: BTreeMap<String, Rates>,
}

/// Prices in 10⁻⁶ of the currency's unit for a million tokens, which is 10⁻¹² for one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Rates {
    input: Option<u64>,
    cached_input: Option<u64>,
    cache_write: Option<u64>,
    audio_input: Option<u64>,
    cached_audio_input: Option<u64>,
    image_input: Option<u64>,
    output: Option<u64>,
    audio_output: Option<u64>,
    image_output: Option<u64>,
    minute: Option<u64>,
}

impl Prices {
    /// The table that comes with the crate. [`as_of`](Self::as_of) says how old it is.
    pub fn shipped() -> Self {
        Self::from_json(SHIPPED).unwrap_or_else(|error| unreachable!("the tests read the table: {error}"))
    }

    /// A table from its JSON text.
    ///
    /// # Errors
    /// Kind `usage` if it is no such table; the message names the model and the member.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        Self::read(text).map_err(|why| Error::usage(format!("the price table cannot be read: {why}")))
    }

    fn read(text: &str) -> Result<Self, String> {
        let doc = Doc::parse_text(text).map_err(|error| error.to_string())?;
        let (mut table, mut named) = (Self::default(), 0);
        for member in doc.root().members() {
            let text = || member.value.as_str().map(|text| text.into_owned()).ok_or("must be a text");
            let name = member.name();
            match &*name {
                "currency" => table.currency = text().map_err(|why| format!("`{name}` {why}"))?,
                "as_of" => table.as_of = text().map_err(|why| format!("`{name}` {why}"))?,
                "models" => {
                    for model in member.value.members() {
                        let name = model.name().into_owned();
                        let prices = Model::read(model.value).map_err(|why| format!("model `{name}`: {why}"))?;
                        table.models.insert(name, prices);
                    }
                }
                // For people.
                "note" | "source" => continue,
                _ => return Err(format!("a table has no member `{name}`")),
            }
            named += 1;
        }
        if named == 3 { Ok(table) } else { Err("it needs `currency`, `as_of` and `models`".to_owned()) }
    }

    /// This table with the entries of another one, which win.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.models.extend(other.models);
        (self.currency, self.as_of) = (other.currency, other.as_of);
        self
    }

    /// The currency of all prices: `USD`.
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// The day on which the prices were right, as the table says.
    pub fn as_of(&self) -> &str {
        &self.as_of
    }

    /// What this usage costs; `None` if the table does not know the model, the tier, or the price of one of its kinds of
    /// tokens. A dated name (`gpt-5-2025-08-07`) falls back to the name without its date.
    pub fn cost(&self, model: &str, tier: Option<&str>, usage: &TokenUsage) -> Option<Money> {
        let model = self.models.get(model).or_else(|| self.models.get(without_date(model)?))?;
        let rates = match tier.filter(|tier| !matches!(*tier, "default" | "auto" | "standard" | "")) {
            Some(tier) => model.tiers.get(tier)?,
            None => match &model.long {
                Some((above, rates)) if usage.input > *above => rates,
                _ => &model.base,
            },
        };
        rates.cost(usage)
    }
}

/// The name without `-YYYY-MM-DD` at its end.
fn without_date(model: &str) -> Option<&str> {
    let at = model.len().checked_sub("-2026-01-31".len())?;
    let (name, date) = (model.get(..at)?, model.get(at..)?);
    let is_date = date.bytes().enumerate().all(|(place, byte)| match place {
        0 | 5 | 8 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    is_date.then_some(name)
}

impl Model {
    fn read(prices: Node<'_>) -> Result<Self, String> {
        let mut model = Self::default();
        if prices.kind() != Kind::Object {
            return Err("it must be an object of prices".to_owned());
        }
        for member in prices.members() {
            match &*member.name() {
                "tiers" => {
                    for tier in member.value.members() {
                        let (name, mut rates) = (tier.name().into_owned(), Rates::default());
                        for price in tier.value.members() {
                            rates.set(&price.name(), price.value).map_err(|why| format!("tier `{name}`: {why}"))?;
                        }
                        model.tiers.insert(name, rates);
                    }
                }
                "long" => {
                    let above = member.value.get("above").and_then(Node::as_i64);
                    let above = above.and_then(|above| u64::try_from(above).ok());
                    let above = above.ok_or("`long` needs `above`, a number of input tokens")?;
                    let mut rates = Rates::default();
                    for price in member.value.members().filter(|price| price.name() != "above") {
                        rates.set(&price.name(), price.value).map_err(|why| format!("`long`: {why}"))?;
                    }
                    model.long = Some((above, rates));
                }
                name => model.base.set(name, member.value)?,
            }
        }
        Ok(model)
    }
}

impl Rates {
    fn set(&mut self, name: &str, value: Node<'_>) -> Result<(), String> {
        let place = match name {
            "input" => &mut self.input,
            "cached_input" => &mut self.cached_input,
            "cache_write" => &mut self.cache_write,
            "audio_input" => &mut self.audio_input,
            "cached_audio_input" => &mut self.cached_audio_input,
            "image_input" => &mut self.image_input,
            "output" => &mut self.output,
            "audio_output" => &mut self.audio_output,
            "image_output" => &mut self.image_output,
            "minute" => &mut self.minute,
            _ => return Err(format!("there is no price called `{name}`")),
        };
        // Numbers are taken as they are written, and never become floating point.
        let text = value.raw().trim_matches('"');
        let price =
            micro(text).ok_or_else(|| format!("`{name}` is no decimal number with at most 6 places: {text}"))?;
        *place = Some(price);
        Ok(())
    }

    fn cost(&self, usage: &TokenUsage) -> Option<Money> {
        let mut sum: u128 = 0;
        let mut add = |count: u64, price: Option<u64>| -> Option<()> {
            if count > 0 {
                sum = sum.saturating_add(u128::from(count) * u128::from(price?));
            }
            Some(())
        };
        // What is not text is told apart first; pictures are priced as text where the table has no price of their own,
        // sound never is. Of what was cached, as much as can be was text.
        let audio = usage.audio_input.min(usage.input);
        let image = if self.image_input.is_some() { usage.image_input.min(usage.input - audio) } else { 0 };
        let text = usage.input - audio - image;
        let cached = usage.cached_input.min(text);
        let cached_audio = (usage.cached_input - cached).min(audio);
        let written = usage.cache_write.min(text - cached);
        add(text - cached - written, self.input)?;
        add(cached, self.cached_input.or(self.input))?;
        add(written, self.cache_write.or(self.input))?;
        add(audio - cached_audio, self.audio_input)?;
        add(cached_audio, self.cached_audio_input.or(self.audio_input))?;
        add(image, self.image_input)?;
        let audio = usage.audio_output.min(usage.output);
        let image = if self.image_output.is_some() { usage.image_output.min(usage.output - audio) } else { 0 };
        add(usage.output - audio - image, self.output)?;
        add(audio, self.audio_output)?;
        add(image, self.image_output)?;
        if usage.audio_ms > 0 {
            // 10⁻⁶ of the unit a minute are 10⁻¹² for 1/1000000 of one; rounded up to whole picodollars.
            let minute = u128::from(self.minute?) * 1_000_000;
            sum = sum.saturating_add((u128::from(usage.audio_ms) * minute).div_ceil(60_000));
        }
        Some(Money::from_pico(sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(models: &str) -> Result<Prices, Error> {
        Prices::from_json(&format!(r#"{{"currency":"USD","as_of":"2026-01-15","models":{models}}}"#))
    }

    fn usage(input: u64, output: u64) -> TokenUsage {
        TokenUsage { input, output, ..TokenUsage::default() }
    }

    #[test]
    fn each_kind_of_token_has_its_price() {
        let prices = table(
            r#"{"m":{"input":2.5,"cached_input":1.25,"cache_write":3,"output":"10","audio_input":40,"audio_output":80}}"#,
        )
        .unwrap();
        let usage = TokenUsage {
            input: 1000,
            cached_input: 200,
            cache_write: 100,
            audio_input: 300,
            output: 500,
            audio_output: 100,
            ..TokenUsage::default()
        };
        // 400 × 2.5 + 200 × 1.25 + 100 × 3 + 300 × 40 + 400 × 10 + 100 × 80, in millionths.
        assert_eq!(prices.cost("m", None, &usage).map(Money::nanos), Some(25_550_000));
    }

    #[test]
    fn what_the_table_does_not_know_has_no_cost() {
        let prices =
            table(r#"{"m":{"input":1,"output":2,"tiers":{"flex":{"input":0.5,"output":1}}},"e":{"input":0.02}}"#)
                .unwrap();
        assert_eq!(prices.cost("unknown", None, &usage(1, 1)), None);
        assert_eq!(prices.cost("m-mini", None, &usage(1, 1)), None, "a longer name is another model");
        assert_eq!(prices.cost("m", Some("priority"), &usage(1, 1)), None);
        assert_eq!(prices.cost("m", Some("flex"), &usage(2, 0)).map(Money::nanos), Some(1000));
        assert_eq!(prices.cost("m", Some("default"), &usage(2, 0)).map(Money::nanos), Some(2000));
        assert_eq!(prices.cost("e", None, &usage(100, 0)).map(Money::nanos), Some(2000));
        assert_eq!(prices.cost("e", None, &usage(100, 1)), None);
        let spoken = TokenUsage { audio_input: 5, ..usage(10, 0) };
        assert_eq!(prices.cost("m", None, &spoken), None, "sound is not charged as text");
        let seen = TokenUsage { image_input: 5, ..usage(10, 0) };
        assert_eq!(prices.cost("m", None, &seen).map(Money::nanos), Some(10_000));
    }

    #[test]
    fn dates_are_part_of_no_name_and_minutes_are_priced_by_the_millisecond() {
        let prices = table(r#"{"m":{"input":1},"w":{"minute":0.006}}"#).unwrap();
        assert!(prices.cost("m-2026-01-31", None, &usage(1, 0)).is_some());
        assert!(prices.cost("m-2026-01", None, &usage(1, 0)).is_none());
        assert!(prices.cost("é-26-01-31", None, &usage(1, 0)).is_none());
        let whisper = TokenUsage { audio_ms: 90_000, ..TokenUsage::default() };
        assert_eq!(prices.cost("w", None, &whisper).map(Money::nanos), Some(9_000_000));
    }

    #[test]
    fn long_prompts_may_have_prices_of_their_own() {
        let prices = table(r#"{"m":{"input":1,"output":1,"long":{"above":100,"input":2,"output":3}}}"#).unwrap();
        assert_eq!(prices.cost("m", None, &usage(100, 1)).map(Money::nanos), Some(101_000));
        assert_eq!(prices.cost("m", None, &usage(101, 1)).map(Money::nanos), Some(205_000));
    }

    #[test]
    fn a_bad_table_says_where() {
        let message = |models: &str| table(models).unwrap_err().to_string();
        assert!(message(r#"{"m":{"inptu":1}}"#).contains("model `m`: there is no price called `inptu`"));
        assert!(message(r#"{"m":{"input":-1}}"#).contains("`input` is no decimal number"));
        assert!(message(r#"{"m":{"tiers":{"flex":{"input":1e9}}}}"#).contains("tier `flex`"));
        assert!(Prices::from_json("{}").is_err());
    }

    #[test]
    fn the_shipped_table_is_read_and_dated() {
        let prices = Prices::shipped();
        assert_eq!(prices.currency(), "USD");
        assert!(prices.as_of().starts_with("2026-"));
        assert_eq!(
            prices.cost("gpt-4o-mini-2024-07-18", None, &usage(1_000_000, 0)).map(Money::nanos),
            Some(150_000_000)
        );
        let own = table(r#"{"own":{"input":1}}"#).unwrap();
        let both = prices.with(own);
        assert!(both.cost("own", None, &usage(1, 0)).is_some() && both.cost("gpt-4o", None, &usage(1, 0)).is_some());
    }
}

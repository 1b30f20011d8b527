//! Amounts of money without rounding on the way: whole picodollars.

use std::fmt;
use std::ops::{Add, AddAssign};

/// An amount in US dollars, or in whatever currency the price table is. Exact to 10⁻¹² of the unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(u128);

impl Money {
    pub(super) fn from_pico(pico: u128) -> Self {
        Self(pico)
    }

    /// The amount in 10⁻⁹ of the unit (nanodollars), rounded half up.
    pub fn nanos(self) -> u128 {
        self.0.saturating_add(500) / 1000
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// As a decimal number with nine places: `0.001234000`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.nanos();
        write!(f, "{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
    }
}

/// A price as whole units of 10⁻⁶ from its decimal text: `1.25` is 1250000. `None` for what is no plain decimal number
/// or has more than six places.
pub(super) fn micro(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 6 || !digits(whole) || !digits(fraction) || text.ends_with('.') {
        return None;
    }
    format!("{whole}{fraction:0<6}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_digit_by_digit() {
        assert_eq!(micro("1.25"), Some(1_250_000));
        assert_eq!(micro("0.000001"), Some(1));
        assert_eq!(micro("600"), Some(600_000_000));
        for odd in ["", ".5", "1.", "-1", "1e3", "0.0000001", "1,5", " 1", "99999999999999999999"] {
            assert_eq!(micro(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_million_small_amounts_sum_up_exactly() {
        let mut sum = Money::default();
        for _ in 0..1_000_000 {
            sum += Money::from_pico(100_000); // 0.1 microdollars: no double holds it
        }
        assert_eq!(sum.to_string(), "0.100000000");
        assert_eq!(sum.nanos(), 100_000_000);
    }

    #[test]
    fn rounding_is_half_up_and_only_at_the_end() {
        assert_eq!(Money::from_pico(499).nanos(), 0);
        assert_eq!((Money::from_pico(250) + Money::from_pico(250)).nanos(), 1);
        assert_eq!(Money::from_pico(u128::MAX / 2).to_string().len(), 37);
    }
}

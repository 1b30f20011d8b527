//! Numbers: from text to `i64` and `f64`, and when two texts are the same number.

/// The value of an integer of few digits, which a number's text mostly is.
#[inline]
pub(super) fn short_integer(text: &[u8]) -> Option<i64> {
    let digits = match text {
        [b'-', b'1'..=b'9', ..] => &text[1..],
        _ => text,
    };
    // So many digits fit whatever they are.
    if digits.len() > 18 {
        return None;
    }
    let mut value = 0;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(byte - b'0');
    }
    Some(if digits.len() < text.len() { -value } else { value })
}

/// Whether a number is written as integers are: `1.0` and `-0` are not.
pub(super) fn is_integer(text: &str) -> bool {
    text != "-0" && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// The value of a number's text if it is integral and fits.
pub(super) fn to_i64(text: &str) -> Option<i64> {
    if let Ok(value) = text.parse() {
        return Some(value);
    }
    let number = Decimal::of(text);
    if number.digits.is_empty() {
        return Some(0);
    }
    let zeros = usize::try_from(number.exponent).ok().filter(|zeros| *zeros < 20)?;
    let magnitude: i128 = format!("{}{}", number.digits, "0".repeat(zeros)).parse().ok()?;
    i64::try_from(if number.negative { -magnitude } else { magnitude }).ok()
}

/// The nearest double of a number's text; none beyond the range of doubles.
#[inline]
pub(super) fn to_f64(text: &str) -> Option<f64> {
    fast_float2::parse::<f64, _>(text).ok().filter(|value| value.is_finite())
}

/// Whether writing `value`, which was read from `text`, gives the same number. Up to 15 digits it always does.
pub(super) fn is_exact(text: &str, value: f64) -> bool {
    text.len() <= 15 || same(text, zmij::Buffer::new().format_finite(value))
}

/// Whether two texts are the same number: `1`, `1.0` and `10e-1` are.
pub(super) fn same(a: &str, b: &str) -> bool {
    a == b || Decimal::of(a) == Decimal::of(b)
}

/// A number as sign, digits without zeros at either end, and the power of ten of the last digit.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn of(text: &str) -> Self {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
        let (mantissa, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        let trimmed = digits.trim_end_matches('0');
        if trimmed.is_empty() {
            // Zero has a sign in floating point, but not here: `-0` is 0.
            return Self { negative: false, digits: String::new(), exponent: 0 };
        }
        let zeros = (digits.len() - trimmed.len()) as i64;
        // A power beyond 64 bits saturates: no double is there, and equal texts were equal before.
        let power = power.parse().unwrap_or(if power.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 });
        let exponent = power.saturating_sub(fraction.len() as i64).saturating_add(zeros);
        Self { negative, digits: trimmed.to_owned(), exponent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_may_be_written_as_floats() {
        assert_eq!(short_integer(b"-120"), Some(-120));
        assert_eq!(short_integer(b"999999999999999999"), Some(999_999_999_999_999_999));
        for (text, value) in [
            ("0", Some(0)),
            ("7", Some(7)),
            ("-7", Some(-7)),
            ("1234567890123456789", Some(1_234_567_890_123_456_789)),
            ("-0", Some(0)),
            ("-0.0", Some(0)),
            ("1.0", Some(1)),
            ("1e3", Some(1000)),
            ("-1.5e1", Some(-15)),
            ("1200e-2", Some(12)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("-9223372036854775808.0", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("1e19", None),
            ("1e400", None),
            ("1e99999999999999999999", None),
            ("0e99999999999999999999", Some(0)),
            ("10e9223372036854775807", None),
            ("0.1e-9223372036854775808", None),
            ("1.5", None),
            ("1e-1", None),
        ] {
            assert_eq!(to_i64(text), value, "{text}");
            let short = short_integer(text.as_bytes());
            assert!(short.is_none() || short == value && is_integer(text), "{text}");
        }
    }

    #[test]
    fn doubles_beyond_the_range_are_refused() {
        assert_eq!(to_f64("1e400"), None);
        assert_eq!(to_f64("-1e400"), None);
        assert_eq!(to_f64("1e-400"), Some(0.0));
        assert_eq!(to_f64("0.1"), Some(0.1));
    }

    #[test]
    fn numbers_compare_by_value() {
        for (a, b) in [("1", "1.0"), ("100", "1e2"), ("1E+2", "1e2"), ("0", "-0.0"), ("12.50", "1.25e1"), ("0e5", "0")]
        {
            assert!(same(a, b), "{a} {b}");
        }
        for (a, b) in [
            ("1", "-1"),
            ("9007199254740993", "9007199254740992.0"),
            ("1e400", "1e401"),
            ("0.1", "0.10000000000000001"),
        ] {
            assert!(!same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn a_double_knows_whether_it_holds_the_text_exactly() {
        for (text, exact) in [
            ("0.00017212621204089373", true),
            ("-0.006929283495992422", true),
            ("12345678901234567890", false),
            ("9007199254740993", false),
            ("9007199254740992", true),
            ("0.1000000000000000055511151231257827", false),
        ] {
            assert_eq!(is_exact(text, to_f64(text).unwrap()), exact, "{text}");
        }
    }
}

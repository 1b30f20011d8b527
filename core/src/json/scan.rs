//! The lexical rules of JSON: where strings, numbers and lists of numbers end.
//!
//! Offsets in, offsets out; nothing is decoded here. An error is the offset at which the text stops being JSON and
//! what was expected there.

use memchr::memchr2;

/// Where and what: the text is not JSON at this offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) expected: &'static str,
}

fn fault<T>(at: usize, expected: &'static str) -> Result<T, Fault> {
    Err(Fault { at, expected })
}

/// The first offset at or after `at` that is not white space.
#[inline(always)]
pub(super) fn space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
        at += 1;
    }
    at
}

/// The string whose opening quote is just before `at`: the offset after its closing quote, and whether it holds an
/// escape. Raw control characters pass: servers send them, and nothing is ambiguous about them.
#[inline(always)]
pub(super) fn string(text: &[u8], at: usize) -> Result<(usize, bool), Fault> {
    const QUOTES: u64 = u64::from_le_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_le_bytes([b'\\'; 8]);
    let mut i = at;
    // Keys and most values are short: below this length a call of memchr costs more than it saves.
    while i < at + 32 {
        let Some(chunk) = text.get(i..).and_then(<[u8]>::first_chunk) else { break };
        let word = u64::from_le_bytes(*chunk);
        let found = zero_bytes(word ^ QUOTES) | zero_bytes(word ^ BACKSLASHES);
        if found != 0 {
            i += (found.trailing_zeros() / 8) as usize;
            if text[i] == b'"' {
                return Ok((i + 1, false));
            }
            break;
        }
        i += 8;
    }
    long_string(text, i)
}

/// Bits set in bytes that are zero: the lowest of them is right.
#[inline(always)]
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080
}

#[inline(never)]
fn long_string(text: &[u8], mut at: usize) -> Result<(usize, bool), Fault> {
    let mut escaped = false;
    loop {
        match memchr2(b'"', b'\\', &text[at..]) {
            None => return fault(text.len(), "the end of a string"),
            Some(skip) if text[at + skip] == b'"' => return Ok((at + skip + 1, escaped)),
            Some(skip) => {
                at = escape(text, at + skip + 1)?;
                escaped = true;
            }
        }
    }
}

/// The escape whose backslash is just before `at`: the offset after it.
fn escape(text: &[u8], at: usize) -> Result<usize, Fault> {
    match text.get(at) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 1),
        Some(b'u') => {
            for i in at + 1..at + 5 {
                if !text.get(i).is_some_and(u8::is_ascii_hexdigit) {
                    return fault(i, "a hexadecimal digit");
                }
            }
            Ok(at + 5)
        }
        _ => fault(at, "an escape"),
    }
}

/// The number that starts at `at`: the offset after it.
#[inline]
pub(super) fn number(text: &[u8], at: usize) -> Result<usize, Fault> {
    let mut i = at;
    if text.get(i) == Some(&b'-') {
        i += 1;
    }
    i = match text.get(i) {
        Some(b'0') => i + 1,
        Some(b'1'..=b'9') => digits(text, i + 1),
        _ => return fault(i, "a digit"),
    };
    if text.get(i) == Some(&b'.') {
        let end = digits(text, i + 1);
        if end == i + 1 {
            return fault(end, "a digit");
        }
        i = end;
    }
    if let Some(b'e' | b'E') = text.get(i) {
        i += 1;
        if let Some(b'+' | b'-') = text.get(i) {
            i += 1;
        }
        let end = digits(text, i);
        if end == i {
            return fault(end, "a digit");
        }
        i = end;
    }
    Ok(i)
}

/// Bits set in each byte that is no digit.
#[inline(always)]
fn not_digits(word: u64) -> u64 {
    // A digit has 3 in its high nibble, and still less than 16 in its low one after adding 6.
    let high = (word & 0xF0F0_F0F0_F0F0_F0F0) ^ 0x3030_3030_3030_3030;
    let low = ((word & 0x0F0F_0F0F_0F0F_0F0F) + 0x0606_0606_0606_0606) & 0xF0F0_F0F0_F0F0_F0F0;
    high | low
}

/// Skips digits, eight at a time.
#[inline]
fn digits(text: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = text.get(at..at + 8) {
        let word = u64::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3], chunk[4], chunk[5], chunk[6], chunk[7]]);
        let other = not_digits(word);
        if other != 0 {
            return at + (other.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while text.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

/// A list that holds nothing but numbers, whose `[` is just before `at`: the offset of its `]`, the values added to
/// `numbers`. None where something else stands in it, or where it is not JSON; the caller then reads it item by item.
pub(super) fn number_list(text: &[u8], at: usize, numbers: &mut Vec<f64>) -> Option<usize> {
    let mut i = space(text, at);
    loop {
        let (number, end) = match plain_decimal(text, i) {
            Some(plain) => plain,
            None => {
                let end = number(text, i).ok()?;
                (fast_float2::parse(&text[i..end]).ok()?, end)
            }
        };
        numbers.push(number);
        i = end;
        if text.get(i) != Some(&b',') {
            i = space(text, i);
            match text.get(i) {
                Some(b',') => {}
                Some(b']') => return Some(i),
                _ => return None,
            }
        }
        i = space(text, i + 1);
    }
}

/// Most digits whose number fits 64 bits whatever they are.
const MAX_DIGITS: usize = 19;
/// From here on a double may not hold an integer exactly.
const EXACT: u64 = 1 << 53;

/// The value of a number without an exponent, and the offset after it; each byte is looked at once. None for what
/// needs a general parser, and near the end of the text.
///
/// Exact: the digits are an integer below 2^53, the power of ten is below 10^23, so both are doubles, and the division
/// rounds once.
#[inline]
fn plain_decimal(text: &[u8], at: usize) -> Option<(f64, usize)> {
    const POWERS: [f64; MAX_DIGITS + 1] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19];
    let negative = *text.get(at)? == b'-';
    let start = at + usize::from(negative);
    // `0.` and the like, which embeddings are made of, need no run.
    let (whole, end) = match text.get(start..start + 2)? {
        [digit @ b'0'..=b'9', b'.'] => (u64::from(digit - b'0'), start + 1),
        _ => run_of_digits(text, start, 0)?,
    };
    let whole_len = end - start;
    if whole_len == 0 || whole_len > 1 && text[start] == b'0' || whole_len > MAX_DIGITS {
        return None;
    }
    let (mut digits, mut end, mut places) = (whole, end, 0);
    if text[end] == b'.' {
        let fraction = end + 1;
        (digits, end) = run_of_digits(text, fraction, whole)?;
        places = end - fraction;
        if places == 0 {
            return None;
        }
    }
    // Digits of a longer run have wrapped around: the general parser has to read it.
    if whole_len + places > MAX_DIGITS || digits >= EXACT || matches!(text[end], b'e' | b'E') {
        return None;
    }
    let number = digits as f64 / POWERS[places];
    // Half of an embedding is negative, in no order: set the sign without a branch.
    Some((f64::from_bits(number.to_bits() | u64::from(negative) << 63), end))
}

/// Appends the digits at `at` to `value`, eight at a time: the new value, modulo 2^64, and the offset after them. None
/// within eight bytes of the end of the text.
#[inline(always)]
fn run_of_digits(text: &[u8], mut at: usize, mut value: u64) -> Option<(u64, usize)> {
    const POWERS: [u64; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
    loop {
        let word = u64::from_le_bytes(*text.get(at..)?.first_chunk()?);
        let other = not_digits(word);
        if other != 0 {
            let count = (other.trailing_zeros() / 8) as usize;
            // Shifted to the high end, with zeros in front of them; in two steps, as there may be none. No branch: numbers
            // differ in length, and a wrong guess costs more than the arithmetic.
            let padded = (word ^ 0x3030_3030_3030_3030) << (8 * (7 - count)) << 8;
            return Some((value.wrapping_mul(POWERS[count]).wrapping_add(eight_digits(padded)), at + count));
        }
        value = value.wrapping_mul(100_000_000).wrapping_add(eight_digits(word ^ 0x3030_3030_3030_3030));
        at += 8;
    }
}

/// The number of eight digits, a byte each, the first one lowest: pairs, then fours, then all.
#[inline(always)]
fn eight_digits(digits: u64) -> u64 {
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_FFFF_0000_FFFF;
    fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xFFFF_FFFF
}

/// `true`, `false` or `null` at `at`: the offset after it.
pub(super) fn word(text: &[u8], at: usize, word: &'static str) -> Result<usize, Fault> {
    if text[at..].starts_with(word.as_bytes()) { Ok(at + word.len()) } else { fault(at, "a value") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stop_at_the_first_other_byte() {
        for other in 0..=255u8 {
            for place in 0..20 {
                let mut text = vec![b'7'; 20];
                text[place] = other;
                let want = if other.is_ascii_digit() { 20 } else { place };
                assert_eq!(digits(&text, 0), want, "byte {other} at {place}");
            }
        }
    }

    #[test]
    fn numbers_follow_the_grammar() {
        for good in ["0", "-0", "1", "120", "0.5", "-1.25e10", "1E+2", "1e-07", "123456789012345678901234567890"] {
            assert_eq!(number(good.as_bytes(), 0), Ok(good.len()), "{good}");
        }
        for bad in ["", "-", "+1", ".5", "1.", "1.e5", "1e", "1e+", "-a", "NaN", "Infinity", "-Infinity"] {
            assert!(number(bad.as_bytes(), 0).is_err(), "{bad}");
        }
        assert_eq!(number(b"01", 0), Ok(1), "the second digit is left over");
    }

    #[test]
    fn a_plain_decimal_reads_as_the_exact_parser_does() {
        let mut texts: Vec<String> = ["0", "-0", "0.5", "15", "-0.0069292834", "123456.789", "0.00000000000001"]
            .into_iter()
            .chain([
                "9007199254740991",
                "0.006929283495992",
                "1234567.89012345",
                "900719925474.0991",
                "1000000000000000",
            ])
            .map(str::to_owned)
            .collect();
        for places in 1..18 {
            texts.push(format!("{:.places$}", std::f64::consts::PI / 1e3));
            texts.push(format!("-{:.places$}", 1.0 / 7e3));
        }
        for text in texts {
            // What follows must not count.
            let (number, end) = plain_decimal(format!("{text},987654321").as_bytes(), 0).unwrap();
            assert_eq!((number.to_bits(), end), (text.parse::<f64>().unwrap().to_bits(), text.len()), "{text}");
        }
    }

    #[test]
    fn what_a_plain_decimal_cannot_be_is_left_to_others() {
        for text in ["1e5", "0.1E1", "9007199254740992", "12345678901234567890123456789", "0.12345678901234567891"]
            .into_iter()
            .chain(["01", "-", "-a", ".5", "1.", "1.a", "-01.5", "184467440737095516160.5", "00", "+1"])
        {
            assert_eq!(plain_decimal(format!("{text},987654321").as_bytes(), 0), None, "{text}");
        }
    }

    #[test]
    fn a_list_of_numbers_is_found_whole() {
        let mut numbers = Vec::new();
        assert_eq!(number_list(b"1,2.5 , -3e4, 0.25 ]", 0, &mut numbers), Some(19));
        assert_eq!(numbers, [1.0, 2.5, -3e4, 0.25]);
        for other in ["1,2", "1,,2]", "1,\"a\"]", "01]", "1,]", "1 2]", "1,[2]]", "--1]", "1.2.3]", "1,null]"] {
            assert_eq!(number_list(other.as_bytes(), 0, &mut Vec::new()), None, "{other}");
            let long = format!("{other}            ");
            assert_eq!(number_list(long.as_bytes(), 0, &mut Vec::new()), None, "{long}");
        }
    }
}

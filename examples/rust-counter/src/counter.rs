//! What the counter does, without a host: values, arguments and their JSON.

/// Counters stay within the whole numbers that every JSON reader keeps exact,
/// 2^53 - 1 either way.
pub const MAX: i64 = (1 << 53) - 1;

/// Why an operation is refused: a code for programs, a message for people.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: &'static str,
    pub message: String,
}

impl Refusal {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// The sum, or a refusal if it leaves the range.
pub fn add(value: i64, amount: i64) -> Result<i64, Refusal> {
    match value.checked_add(amount) {
        Some(sum) if (-MAX..=MAX).contains(&sum) => Ok(sum),
        _ => Err(Refusal::new(
            "overflow",
            format!("{value} and {amount} together are beyond {MAX} either way"),
        )),
    }
}

/// The JSON of a value: what is stored and what is replied.
pub fn to_json(value: i64) -> String {
    format!("{{\"value\":{value}}}")
}

/// Reads what `to_json` wrote. Anything else is corrupt, and the caller must not
/// take it for a zero.
pub fn from_json(text: &str) -> Option<i64> {
    Reader::new(text).object_of("value")
}

/// The amount in the argument of `add`: `5` or `{"amount": 5}`.
pub fn amount(argument: &str) -> Result<i64, Refusal> {
    Reader::new(argument)
        .number_alone()
        .or_else(|| Reader::new(argument).object_of("amount"))
        .ok_or_else(|| {
            Refusal::new(
                "bad-argument",
                format!("the argument must be a whole number up to {MAX}, or {{\"amount\": number}}"),
            )
        })
}

/// Whether an argument says nothing: empty, `null` or `{}`.
pub fn is_nothing(argument: &str) -> bool {
    let alone = |marks: [&str; 2]| {
        let mut reader = Reader::new(argument);
        marks.iter().all(|mark| reader.take(mark).is_some()) && reader.is_at_end()
    };
    argument.is_empty() || alone(["", ""]) || alone(["null", ""]) || alone(["{", "}"])
}

/// Reads the few shapes of JSON that a counter meets, and no other.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text.as_bytes() }
    }

    fn number_alone(mut self) -> Option<i64> {
        let number = self.number()?;
        self.is_at_end().then_some(number)
    }

    /// An object with this one member, a whole number.
    fn object_of(mut self, name: &str) -> Option<i64> {
        self.take("{")?;
        self.take("\"")?;
        self.rest = self.rest.strip_prefix(name.as_bytes())?.strip_prefix(b"\"")?;
        self.take(":")?;
        let number = self.number()?;
        self.take("}")?;
        self.is_at_end().then_some(number)
    }

    /// Goes behind white space and this mark, if it is next.
    fn take(&mut self, mark: &str) -> Option<()> {
        self.rest = self.rest.trim_ascii_start().strip_prefix(mark.as_bytes())?;
        Some(())
    }

    /// A whole number in range, as JSON writes it: no plus sign, no zero in front.
    fn number(&mut self) -> Option<i64> {
        let negative = self.take("-").is_some();
        if !negative {
            self.take("")?;
        }
        let mut value = 0;
        let mut digits = 0;
        while let Some((&digit @ b'0'..=b'9', rest)) = self.rest.split_first() {
            if digits == 1 && value == 0 {
                return None;
            }
            value = value * 10 + i64::from(digit - b'0');
            if value > MAX {
                return None;
            }
            digits += 1;
            self.rest = rest;
        }
        (digits > 0).then_some(if negative { -value } else { value })
    }

    fn is_at_end(&self) -> bool {
        self.rest.trim_ascii().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_their_json() {
        for value in [0, 1, -1, 42, MAX, -MAX] {
            assert_eq!(from_json(&to_json(value)), Some(value));
        }
        assert_eq!(from_json(" { \"value\" : 3 } "), Some(3));
    }

    #[test]
    fn corrupt_state_is_not_a_value() {
        for text in [
            "", "3", "{}", "null", "{\"value\":}", "{\"value\":3", "{\"value\":3.5}",
            "{\"value\":\"3\"}", "{\"value\":03}", "{\"value\":+3}", "{\"value\":3}x",
            "{\"value\":3,\"value\":4}", "{\"valu\":3}", "{\"value\":9007199254740992}",
            "{\"value\":99999999999999999999}", "{\"value\":-}", "{\"value\":3 4}",
        ] {
            assert_eq!(from_json(text), None, "{text}");
        }
    }

    #[test]
    fn amounts() {
        for (text, want) in [
            ("5", 5), (" -5\n", -5), ("0", 0), ("{\"amount\":7}", 7), ("{ \"amount\": -7 }", -7),
            ("9007199254740991", MAX),
        ] {
            assert_eq!(amount(text), Ok(want), "{text}");
        }
        for text in ["", "null", "{}", "1.0", "1e3", "01", "-", "--1", "5 5", "\"5\"", "[5]",
            "{\"by\":5}", "{\"amount\":5,\"by\":5}", "9007199254740992", "ä"]
        {
            assert_eq!(amount(text).unwrap_err().code, "bad-argument", "{text}");
        }
    }

    #[test]
    fn sums_stay_in_range() {
        assert_eq!(add(2, 3), Ok(5));
        assert_eq!(add(MAX - 1, 1), Ok(MAX));
        assert_eq!(add(MAX, 1).unwrap_err().code, "overflow");
        assert_eq!(add(-MAX, -1).unwrap_err().code, "overflow");
        assert_eq!(add(i64::MAX, 1).unwrap_err().code, "overflow");
    }

    #[test]
    fn nothing() {
        for text in ["", "  ", "null", "{}", " { } \n"] {
            assert!(is_nothing(text), "{text}");
        }
        for text in ["0", "{\"by\":1}", "nul", "{", "}", "{}{}", "[]"] {
            assert!(!is_nothing(text), "{text}");
        }
    }
}

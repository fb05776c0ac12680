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

/// What may be asked of a counter, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Add(i64),
    Reset,
    Get,
}

impl Operation {
    /// An operation by its name, with the JSON text of its argument.
    pub fn read(name: &str, argument: &str) -> Result<Self, Refusal> {
        let operation = match name {
            "add" => return Ok(Self::Add(amount(argument)?)),
            "increment" => Self::Add(1),
            "reset" => Self::Reset,
            "get" => Self::Get,
            other => {
                return Err(Refusal::new(
                    "unknown-operation",
                    format!(
                        "a counter has no operation '{other}'; it has increment, add, get and reset"
                    ),
                ));
            }
        };
        if is_nothing(argument) {
            Ok(operation)
        } else {
            Err(Refusal::new("bad-argument", "this operation takes no argument"))
        }
    }

    /// One line of a batch: `{"operation": "add", "argument": 5}`.
    pub fn read_line(line: &str) -> Result<Self, Refusal> {
        let (name, argument) = Reader::new(line).operation().ok_or_else(|| {
            Refusal::new(
                "bad-line",
                "a line of a batch is a JSON object with `operation` and, if wanted, `argument`",
            )
        })?;
        Self::read(name, argument)
    }

    pub fn writes(self) -> bool {
        self != Self::Get
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
    let mut json = String::new();
    write_json(value, &mut json);
    json
}

/// The same, behind what is there.
pub fn write_json(value: i64, json: &mut String) {
    json.push_str("{\"value\":");
    if value < 0 {
        json.push('-');
    }
    push_digits(value.unsigned_abs(), json);
    json.push('}');
}

fn push_digits(number: u64, json: &mut String) {
    if number >= 10 {
        push_digits(number / 10, json);
    }
    json.push(char::from(b'0' + (number % 10) as u8));
}

/// Reads what `to_json` wrote. Anything else is corrupt, and the caller must not
/// take it for a zero.
pub fn from_json(text: &str) -> Option<i64> {
    Reader::new(text).object_of("value")
}

/// The amount in the argument of `add`: `5` or `{"amount": 5}`.
fn amount(argument: &str) -> Result<i64, Refusal> {
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
fn is_nothing(argument: &str) -> bool {
    matches!(argument.trim_ascii(), "" | "null") || Reader::new(argument).empty_object()
}

/// Reads the few shapes of JSON that a counter meets, and no other.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn number_alone(mut self) -> Option<i64> {
        let number = self.number()?;
        self.is_at_end().then_some(number)
    }

    fn empty_object(mut self) -> bool {
        self.take(b'{') && self.take(b'}') && self.is_at_end()
    }

    /// An object with this one member, a whole number.
    fn object_of(mut self, name: &str) -> Option<i64> {
        self.expect(b'{')?;
        if self.name()? != name {
            return None;
        }
        self.expect(b':')?;
        let number = self.number()?;
        self.expect(b'}')?;
        self.is_at_end().then_some(number)
    }

    /// An object with `operation`, a text, and perhaps `argument`, as it stands.
    fn operation(mut self) -> Option<(&'a str, &'a str)> {
        let (mut name, mut argument) = (None, None);
        self.expect(b'{')?;
        loop {
            let member = self.name()?;
            self.expect(b':')?;
            let before = match member {
                "operation" => name.replace(self.name()?),
                "argument" => argument.replace(self.value()?),
                _ => return None,
            };
            if before.is_some() {
                return None;
            }
            if !self.take(b',') {
                break;
            }
        }
        self.expect(b'}')?;
        self.is_at_end().then_some((name?, argument.unwrap_or("")))
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.next(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Goes on behind so many bytes, and returns what they are.
    fn pass(&mut self, count: usize) -> Option<&'a str> {
        let passed = self.text.get(self.at..self.at + count);
        self.at += count;
        passed
    }

    /// Goes behind white space and this mark, if it is next.
    fn take(&mut self, mark: u8) -> bool {
        self.skip_space();
        let found = self.next() == Some(mark);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, mark: u8) -> Option<()> {
        self.take(mark).then_some(())
    }

    /// A text without escapes: no name here needs one.
    fn name(&mut self) -> Option<&'a str> {
        self.expect(b'"')?;
        let count = self.rest().iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        let name = self.pass(count);
        self.expect(b'"')?;
        name
    }

    /// All up to where a value in an object ends. Whether it is one is for whoever
    /// reads it.
    fn value(&mut self) -> Option<&'a str> {
        self.skip_space();
        let (mut depth, mut quoted, mut escaped) = (0, false, false);
        let count = self.rest().iter().position(|byte| {
            match byte {
                _ if escaped => escaped = false,
                b'"' => quoted = !quoted,
                b'\\' => escaped = quoted,
                _ if quoted => {}
                b'{' | b'[' => depth += 1,
                b'}' | b']' | b',' if depth == 0 => return true,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            false
        })?;
        self.pass(count).filter(|value| !value.is_empty())
    }

    /// A whole number in range, as JSON writes it: no plus sign, no zero in front.
    fn number(&mut self) -> Option<i64> {
        let negative = self.take(b'-');
        let begin = self.at;
        let mut value = 0;
        while let Some(digit @ b'0'..=b'9') = self.next() {
            if self.at > begin && value == 0 {
                return None;
            }
            value = value * 10 + i64::from(digit - b'0');
            if value > MAX {
                return None;
            }
            self.at += 1;
        }
        (self.at > begin).then_some(if negative { -value } else { value })
    }

    fn is_at_end(&mut self) -> bool {
        self.skip_space();
        self.next().is_none()
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

    #[test]
    fn lines_of_a_batch() {
        for (line, want) in [
            ("{\"operation\":\"increment\"}", Operation::Add(1)),
            ("{\"operation\":\"add\",\"argument\":5}", Operation::Add(5)),
            (" { \"argument\" : { \"amount\" : -7 } , \"operation\" : \"add\" } \r", Operation::Add(-7)),
            ("{\"operation\":\"get\",\"argument\":null}", Operation::Get),
            ("{\"operation\":\"reset\",\"argument\":{}}", Operation::Reset),
        ] {
            assert_eq!(Operation::read_line(line), Ok(want), "{line}");
        }
        for (line, code) in [
            ("", "bad-line"), ("{}", "bad-line"), ("[]", "bad-line"), ("null", "bad-line"),
            ("{\"operation\":\"get\"", "bad-line"), ("{\"operation\":\"get\"}}", "bad-line"),
            ("{\"operation\":\"get\",}", "bad-line"), ("{\"operation\":1}", "bad-line"),
            ("{\"operation\":\"get\",\"key\":1}", "bad-line"), ("{\"argument\":1}", "bad-line"),
            ("{\"operation\":\"get\",\"operation\":\"get\"}", "bad-line"),
            ("{\"operation\":\"add\",\"argument\":}", "bad-line"),
            ("{\"operation\":\"add\",\"argument\":\"}", "bad-line"),
            ("{\"operation\":\"add\"}", "bad-argument"),
            ("{\"operation\":\"add\",\"argument\":\"a\\\",}\"}", "bad-argument"),
            ("{\"operation\":\"add\",\"argument\":[[1,2],3]}", "bad-argument"),
            ("{\"operation\":\"get\",\"argument\":1}", "bad-argument"),
            ("{\"operation\":\"g\u{e4}t\"}", "unknown-operation"),
        ] {
            assert_eq!(Operation::read_line(line).unwrap_err().code, code, "{line}");
        }
    }
}

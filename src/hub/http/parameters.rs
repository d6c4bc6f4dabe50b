//! The parameters of a request: names and values as a form has them, a name any number of times.

/// Names and values, decoded.
#[derive(Clone, Debug, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads what stands behind the question mark.
    #[must_use]
    pub fn read(query: Option<&str>) -> Self {
        let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decoded(name), decoded(value)))
                .collect(),
        )
    }

    /// All values of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether a switch is on; it is unless it says otherwise.
    ///
    /// # Errors
    /// It is neither on nor off.
    pub fn switch(&self, name: &str) -> Result<bool, String> {
        match self.all(name).last() {
            None | Some("true" | "1" | "t" | "T" | "TRUE" | "True") => Ok(true),
            Some("false" | "0" | "f" | "F" | "FALSE" | "False") => Ok(false),
            Some(other) => Err(format!("{name} in query must be of type boolean: {other:?}")),
        }
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match (first, hex.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_those_of_a_form() {
        let read = Parameters::read(Some("filter=a%3D%22b%22&filter=c+d&active=false&x&%zz=%4"));
        assert_eq!(read.all("filter").collect::<Vec<_>>(), ["a=\"b\"", "c d"]);
        assert_eq!((read.switch("active"), read.switch("silenced")), (Ok(false), Ok(true)));
        assert_eq!(read.all("%zz").collect::<Vec<_>>(), ["%4"]);
        assert!(Parameters::read(Some("active=maybe")).switch("active").is_err());
        assert_eq!(Parameters::read(None).all("a").count(), 0);
    }
}

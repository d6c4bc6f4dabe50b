//! Pressure stall information, from `/proc/pressure`.

use crate::agent::collectors::files::Files;
use crate::fleet::hosts::vitals::{Pressure, Stall};

/// Stalls of the last ten seconds; absent where the kernel was built or started without them.
pub fn sample(files: &mut Files) -> Pressure {
    let mut stall = |file: &str| files.text(file).and_then(parse);
    Pressure { cpu: stall("proc/pressure/cpu"), memory: stall("proc/pressure/memory"), io: stall("proc/pressure/io") }
}

fn parse(text: &str) -> Option<Stall> {
    let avg10 = |kind: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(kind))?;
        let value = line.split_ascii_whitespace().find_map(|field| field.strip_prefix("avg10="))?;
        value.parse::<f32>().ok().filter(|share| share.is_finite())
    };
    Some(Stall { some_avg10: avg10("some ")?, full_avg10: avg10("full ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ten_second_average_is_taken() {
        let text = "some avg10=1.33 avg60=3.48 avg300=3.20 total=20\nfull avg10=0.50 avg60=0.00 avg300=0.00 total=0\n";
        assert_eq!(parse(text), Some(Stall { some_avg10: 1.33, full_avg10: Some(0.5) }));
        assert_eq!(parse("some avg10=2.00 avg60=0\n"), Some(Stall { some_avg10: 2.0, full_avg10: None }));
        assert_eq!(parse("some avg10=nan\n"), None);
        assert_eq!(parse(""), None);
    }
}

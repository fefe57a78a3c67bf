//! `lode enqueue --bulk`: job records, one a line, checked before any of them is sent.

use lode_proto::job;
use serde::Deserialize;

/// The records of `text`, each in one line; blank lines count for nothing. Or else every error,
/// with the number of its line.
pub(super) fn read(text: &str) -> Result<Vec<String>, Vec<String>> {
    let mut jobs = Vec::new();
    let mut errors = Vec::new();
    let lines = text.lines().enumerate();
    for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        match job::parse(line, "check") {
            Ok(_) => jobs.push(line.trim().to_owned()),
            Err(error) => errors.push(format!("line {}: {}", index + 1, error.reason)),
        }
    }
    if errors.is_empty() {
        Ok(jobs)
    } else {
        Err(errors)
    }
}

/// The id that a record names; one that names none goes by its entry's.
pub(super) fn own_id(job: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        id: Option<String>,
    }
    let named: Named = serde_json::from_str(job).ok()?;
    named.id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_line_is_named_with_its_number() {
        let good = r#"{"app":"a","hook":"endpoint:e"}"#;
        let text = format!("{good}\n\n {good}\r\n");
        assert_eq!(read(&text), Ok(vec![good.to_owned(); 2]));
        let text = format!("{good}\n{{\n\n{{\"app\":\"a\"}}\n{good}");
        let errors = read(&text).unwrap_err();
        assert_eq!(errors.len(), 2);
        assert!(
            errors[0].starts_with("line 2: the job is not valid"),
            "{errors:?}"
        );
        assert!(
            errors[1].starts_with("line 4: missing field `hook`"),
            "{errors:?}"
        );
    }
}

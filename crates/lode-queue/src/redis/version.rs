//! `ServerVersion`: which server answers, and whether it is new enough.

use crate::error::QueueError;

/// The oldest Redis whose commands the scripts use.
const OLDEST: (u32, u32) = (6, 2);

/// Reads the `server` section of INFO: `Redis 7.0.15`, `Valkey 8.0.1`. Too old is an error.
pub(crate) fn describe(info: &str) -> Result<String, QueueError> {
    let field = |name: &str| {
        info.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(str::trim)
    };
    let redis = field("redis_version").unwrap_or("0");
    let found = match field("valkey_version") {
        Some(valkey) => format!("Valkey {valkey}"),
        None => format!("Redis {redis}"),
    };
    // Valkey reports the Redis version that it is compatible with.
    let mut numbers = redis
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version < OLDEST {
        return Err(QueueError::Unsupported(format!(
            "{found}; needed is Redis {}.{} or newer, or Valkey",
            OLDEST.0, OLDEST.1
        )));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn servers_are_told_apart() {
        let redis = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n";
        assert_eq!(describe(redis).expect("new enough"), "Redis 7.0.15");
        let valkey = "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n";
        assert_eq!(describe(valkey).expect("new enough"), "Valkey 8.0.1");
    }

    #[test]
    fn a_server_before_6_2_is_refused_by_name() {
        for old in ["redis_version:6.0.16\r\n", "redis_version:5.0.7\r\n", ""] {
            let text = describe(old).expect_err("too old").to_string();
            assert!(text.contains("needed is Redis 6.2"), "{text}");
        }
    }
}

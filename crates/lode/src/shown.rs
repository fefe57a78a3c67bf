//! What is shown to people: errors with their causes, addresses without their passwords.

/// An error and everything behind it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text = format!("{text}: {error}");
        next = error.source();
    }
    text
}

/// A queue's or store's address without user, password and query values.
pub(crate) fn address(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    };
    let host = path.rsplit_once('@').map_or(path, |(_, host)| host);
    let user = if host.len() < path.len() { "…@" } else { "" };
    // The queue's name is what people look for; anything else may be a password.
    let queue = query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .find(|pair| pair.starts_with("queue="))
        .map(|pair| format!("?{pair}"))
        .unwrap_or_default();
    format!("{scheme}{user}{host}{queue}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        for (url, expected) in [
            (
                "redis://u:p@host:6379/0?queue=a",
                "redis://…@host:6379/0?queue=a",
            ),
            ("redis://host", "redis://host"),
            (
                "unix:///run/redis.sock?pass=secret&queue=b",
                "unix:///run/redis.sock?queue=b",
            ),
            ("sqlite:lode.sqlite", "sqlite:lode.sqlite"),
        ] {
            assert_eq!(address(url), expected);
        }
    }
}

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
    if !path.contains('@') && query.is_some_and(|query| query.contains('@')) {
        // A password with a question mark, perhaps.
        return format!("{scheme}…");
    }
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

/// An address with everything but its passwords.
pub(crate) fn without_passwords(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    if scheme == "sqlite" {
        return url.to_owned();
    }
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    };
    let path = match path.rsplit_once('@') {
        Some((login, host)) => match login.split_once(':') {
            Some((user, _)) => format!("{user}:…@{host}"),
            None => path.to_owned(),
        },
        // A password with a question mark, perhaps.
        None if query.is_some_and(|query| query.contains('@')) => return format!("{scheme}://…"),
        None => path.to_owned(),
    };
    let pairs = query.map(|query| {
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) if name.to_lowercase().contains("pass") => format!("{name}=…"),
            Some(_) | None => pair.to_owned(),
        });
        pairs.collect::<Vec<_>>().join("&")
    });
    let query = pairs.map(|pairs| format!("?{pairs}")).unwrap_or_default();
    format!("{scheme}://{path}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_all_but_its_passwords() {
        for (url, expected) in [
            (
                "postgres://u:p@h:1/d?schema=s&password=p",
                "postgres://u:…@h:1/d?schema=s&password=…",
            ),
            ("postgres://u:p:q@r/s@h/d", "postgres://u:…@h/d"),
            ("postgres://u:p?q@h/d", "postgres://…"),
            (
                "postgres://u@h/d?sslmode=disable",
                "postgres://u@h/d?sslmode=disable",
            ),
            ("redis://:p@h:1/0?queue=a", "redis://:…@h:1/0?queue=a"),
            (
                "unix:///run/r.sock?pass=p&queue=b",
                "unix:///run/r.sock?pass=…&queue=b",
            ),
            ("sqlite:lode.sqlite", "sqlite:lode.sqlite"),
            ("sqlite:///a:b@c", "sqlite:///a:b@c"),
            ("", ""),
        ] {
            assert_eq!(without_passwords(url), expected);
        }
    }

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
            ("postgres://u:p?q@h/d", "postgres://…"),
            ("sqlite:lode.sqlite", "sqlite:lode.sqlite"),
        ] {
            assert_eq!(address(url), expected);
        }
    }
}

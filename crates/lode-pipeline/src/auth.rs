//! Who the client is, by the header `Authorization`: Kinvey's `Basic`, or what a gateway knows.
//!
//! `Basic` with the app's key as the name is the app itself, by its secret or its master secret.
//! Every other name and every other scheme is a user's, and [`Users`] knows whose.

use std::fmt::Debug;

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lode_store::{App, StoreError};
use subtle::ConstantTimeEq as _;

use crate::Identity;
use crate::fault::{Failure, Fault};

/// Who knows an app's users: whoever logs them in.
#[async_trait]
pub trait Users: Send + Sync + Debug {
    /// The user who has shown this; none when it is nobody's, or not any more.
    async fn user(&self, app: &str, shown: Shown<'_>) -> Result<Option<Identity>, StoreError>;
}

/// What a client has shown of a user.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shown<'a> {
    /// `Basic`: a name and a password.
    Password {
        /// The name.
        username: &'a str,
        /// The password.
        password: &'a str,
    },
    /// Another scheme, such as `Kinvey` with the token of a session.
    Token {
        /// The scheme as the client wrote it.
        scheme: &'a str,
        /// What follows it.
        token: &'a str,
    },
}

/// Leaves the secrets out: a debug line ends up in a log.
impl Debug for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Password { username, .. } => write!(f, "Password({username:?})"),
            Self::Token { scheme, .. } => write!(f, "Token({scheme:?})"),
        }
    }
}

/// Where nobody logs users in.
#[derive(Debug)]
pub(crate) struct NoUsers;

#[async_trait]
impl Users for NoUsers {
    async fn user(&self, _: &str, _: Shown<'_>) -> Result<Option<Identity>, StoreError> {
        Ok(None)
    }
}

/// Who has sent this value of `Authorization`.
pub(crate) async fn identify(
    app: &App,
    header: Option<&str>,
    users: &dyn Users,
) -> Result<Identity, Failure> {
    let refuse = |debug: &str| Err(Fault::InvalidCredentials.because(debug));
    let Some((scheme, rest)) = header.and_then(|header| header.trim().split_once(' ')) else {
        return refuse("the header Authorization must have a scheme and credentials");
    };
    let rest = rest.trim();
    if !scheme.eq_ignore_ascii_case("basic") {
        let token = Shown::Token {
            scheme,
            token: rest,
        };
        return known(users, &app.id, token).await;
    }
    let decoded = BASE64_STANDARD.decode(rest).ok();
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((username, password)) = decoded.as_deref().and_then(|text| text.split_once(':'))
    else {
        return refuse("after Basic the header needs NAME:PASSWORD in base64");
    };
    if username != app.id {
        let shown = Shown::Password { username, password };
        return known(users, &app.id, shown).await;
    }
    let is = |secret: &str| !secret.is_empty() && is_same(secret, password);
    // Both are compared whatever the first comes to.
    match (is(&app.master_secret), is(&app.app_secret)) {
        (true, _) => Ok(Identity::Master),
        (false, true) => Ok(Identity::App),
        (false, false) => refuse("neither the app's secret nor its master secret"),
    }
}

async fn known(users: &dyn Users, app: &str, shown: Shown<'_>) -> Result<Identity, Failure> {
    let user = users.user(app, shown).await?;
    user.ok_or_else(|| {
        Fault::InvalidCredentials.because("no user of the app has these credentials")
    })
}

/// In a time that tells nothing of where they differ.
fn is_same(secret: &str, shown: &str) -> bool {
    secret.as_bytes().ct_eq(shown.as_bytes()).into()
}

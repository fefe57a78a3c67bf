//! A fetch from its request to its reply, over all redirects, within one deadline.

use std::time::Duration;

use hyper::header::HeaderMap;
use tokio::time::timeout;
use url::Url;

use crate::connect::Connector;
use crate::exchange::exchange;
use crate::hop::{Hop, Reply};
use crate::redirect::{self, is_redirect};
use crate::{
    EgressError, EgressOptions, FetchReply, FetchRequest, HostRules, OptionsError, RedirectMode,
};

/// Carries out the requests of hooks. One serves all apps: it keeps nothing between requests.
#[derive(Debug)]
pub struct Egress {
    options: EgressOptions,
    connector: Connector,
}

impl Egress {
    /// Checks the options; an option outside its bounds is the only error.
    pub fn new(options: EgressOptions) -> Result<Self, OptionsError> {
        options.check()?;
        let connector = Connector::new().expect("ring has the cipher suites of rustls's versions");
        Ok(Self { options, connector })
    }

    /// Carries out one request to hosts that `rules` name. Any status is a reply; an error means
    /// that there is none. Dropping the future ends the connection at once.
    ///
    /// Needs a tokio runtime with I/O and time; names are looked up on its blocking threads.
    pub async fn fetch(
        &self,
        rules: &HostRules,
        request: FetchRequest,
    ) -> Result<FetchReply, EgressError> {
        let limit_ms = request.timeout_ms.unwrap_or(self.options.timeout_ms);
        if limit_ms == 0 {
            let text = "the time limit is 0 ms, allowed is 1 ms or more";
            return Err(EgressError::BadRequest(text.to_owned()));
        }
        let limit_ms = limit_ms.min(self.options.timeout_ms);
        let mode = request.redirect;
        let hop = request.into_hop(&self.options)?;
        let host = hop.host();
        let follow = self.follow(rules, hop, mode);
        let in_time = timeout(Duration::from_millis(limit_ms), follow).await;
        in_time.unwrap_or(Err(EgressError::Timeout { host, limit_ms }))
    }

    async fn follow(
        &self,
        rules: &HostRules,
        mut hop: Hop,
        mode: RedirectMode,
    ) -> Result<FetchReply, EgressError> {
        let mut redirects = 0;
        loop {
            let follows = mode != RedirectMode::Manual;
            rules.check(&hop.url)?;
            let stream = self.connector.open(&hop, &self.options).await?;
            // Of a redirect that is followed only the head counts.
            let wanted = |status, headers: &HeaderMap| !(follows && is_redirect(status, headers));
            let reply = exchange(stream, &hop, &self.options, wanted).await?;
            if !follows || !is_redirect(reply.status, &reply.headers) {
                return Ok(finished(hop.url, redirects > 0, reply));
            }
            if mode == RedirectMode::Error {
                let text = format!(
                    "{} answered with a redirect, which the request forbids",
                    hop.host()
                );
                return Err(EgressError::Redirect(text));
            }
            redirects += 1;
            let max = self.options.max_redirects;
            if redirects > max {
                let text =
                    format!("the request was redirected more than {max} times, which is the limit");
                return Err(EgressError::Redirect(text));
            }
            hop = redirect::next(hop, reply.status, &reply.headers)?;
        }
    }
}

fn finished(url: Url, redirected: bool, reply: Reply) -> FetchReply {
    let text = |bytes: &[u8]| bytes.iter().copied().map(char::from).collect();
    let headers = reply.headers.iter();
    FetchReply {
        status: reply.status.as_u16(),
        status_text: reply.status_text,
        url: url.into(),
        redirected,
        headers: headers
            .map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes())))
            .collect(),
        body: reply.body,
    }
}

//! [`Email`]: what a hook asks to be sent, checked.

use std::time::{Duration, UNIX_EPOCH};

use lettre::Message;
use lettre::address::Envelope;
use lettre::message::header::{Cc, ReplyTo, To};
use lettre::message::{Mailbox, Mailboxes, MultiPart, SinglePart};
use serde::{Deserialize, Serialize};

use crate::addresses::{Given, refuse_control_characters, written};
use crate::subject;
use crate::{EmailOptions, Failure, Invalid, Origin};

/// An email that may be sent: its addresses are addresses, its head has no line breaks, it is within
/// the limits, and its sender is allowed.
#[derive(Debug, Clone)]
pub struct Email {
    from: Mailbox,
    to: Vec<Mailbox>,
    cc: Vec<Mailbox>,
    bcc: Vec<Mailbox>,
    reply_to: Vec<Mailbox>,
    subject: String,
    text: String,
    html: Option<String>,
}

/// What `email.send` is given. Hooks leave out what they do not need by `null` or `''`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Args {
    #[serde(default)]
    from: Given,
    #[serde(default)]
    to: Given,
    #[serde(default)]
    cc: Given,
    #[serde(default)]
    bcc: Given,
    #[serde(default)]
    reply_to: Given,
    subject: Option<Text>,
    body: Option<Text>,
    html: Option<Text>,
}

/// The same, as it is kept.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kept<'a> {
    from: String,
    to: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    cc: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    bcc: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    reply_to: String,
    subject: &'a str,
    body: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<&'a str>,
}

/// Bytes of JSON for one byte of a text at the most: `\u0001`.
const JSON_PER_BYTE: usize = 6;
/// Bytes of an email's JSON that stand for none of its texts: names of fields, quotes, commas.
const JSON_AROUND: usize = 64 << 10;

/// A text, or a scalar that stands for its text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Number(serde_json::Number),
    Boolean(bool),
}

impl Text {
    fn into_text(self) -> String {
        match self {
            Self::Plain(text) => text,
            Self::Number(number) => number.to_string(),
            Self::Boolean(value) => value.to_string(),
        }
    }
}

impl Email {
    /// Reads the arguments of `email.send`: `from`, `to`, `cc`, `bcc`, `replyTo` (texts or arrays of
    /// texts), `subject`, `body` (text) and `html`. `from`, `to`, `subject` and `body` must be there.
    pub fn from_json(json: &str, options: &EmailOptions) -> Result<Self, Invalid> {
        let most = options.message_bytes_max.saturating_mul(JSON_PER_BYTE);
        if json.len() > most.saturating_add(JSON_AROUND) {
            return Err(too_large(json.len(), options));
        }
        let args: Args = serde_json::from_str(json).map_err(|error| {
            Invalid::email(format!(
                "the email cannot be read: {error}; from, to, cc, bcc and replyTo are texts or \
                 arrays of texts, subject, body and html are texts"
            ))
        })?;
        args.check_counts(options.recipients_max)?;
        let from = args.from.read("from")?.pop();
        let from = from.ok_or_else(|| missing("from"))?;
        require_allowed(&from, &options.from)?;
        let subject = args.subject.ok_or_else(|| missing("subject"))?.into_text();
        refuse_control_characters("subject", &subject)?;
        let html = args.html.map(Text::into_text);
        let email = Self {
            from,
            to: args.to.read("to")?,
            cc: args.cc.read("cc")?,
            bcc: args.bcc.read("bcc")?,
            reply_to: args.reply_to.read("replyTo")?,
            subject,
            text: args.body.ok_or_else(|| missing("body"))?.into_text(),
            html: html.filter(|html| !html.is_empty()),
        };
        if email.to.is_empty() {
            return Err(missing("to"));
        }
        let bytes = email.bytes();
        if bytes > options.message_bytes_max {
            return Err(too_large(bytes, options));
        }
        email.check_addresses()?;
        Ok(email)
    }

    /// What was read, as JSON that [`Email::from_json`] reads to the same.
    #[must_use]
    pub fn to_json(&self) -> String {
        let kept = Kept {
            from: written(std::slice::from_ref(&self.from)),
            to: written(&self.to),
            cc: written(&self.cc),
            bcc: written(&self.bcc),
            reply_to: written(&self.reply_to),
            subject: &self.subject,
            body: &self.text,
            html: self.html.as_deref(),
        };
        serde_json::to_string(&kept).expect("texts serialise")
    }

    /// Bytes of subject, texts and addresses.
    fn bytes(&self) -> usize {
        let of = |one: &Mailbox| {
            let address: &str = one.email.as_ref();
            address.len() + one.name.as_ref().map_or(0, String::len)
        };
        let everybody = self.recipients().chain(&self.reply_to).chain([&self.from]);
        let html = self.html.as_deref().unwrap_or_default();
        everybody.map(of).sum::<usize>() + self.subject.len() + self.text.len() + html.len()
    }

    fn recipients(&self) -> impl Iterator<Item = &Mailbox> {
        self.to.iter().chain(&self.cc).chain(&self.bcc)
    }

    /// An address that lettre writes and does not read again is one that others do not read either.
    /// Without the names, which take the longest.
    fn check_addresses(&self) -> Result<(), Invalid> {
        let bare = |one: &Mailbox| Mailbox::new(None, one.email.clone());
        let all = self.recipients().map(bare).collect::<Mailboxes>();
        let built = Message::builder()
            .from(bare(&self.from))
            .mailbox(To::from(all))
            .body(String::new());
        let is_read = built.is_ok_and(|built| {
            let envelope = built.envelope();
            let recipients = self.recipients().map(|one| &one.email);
            envelope.from() == Some(&self.from.email) && envelope.to().iter().eq(recipients)
        });
        if is_read {
            return Ok(());
        }
        Err(Invalid::email(
            "the email has a sender or recipients that mail programs do not read; allowed are \
             addresses such as ann@shop.example, without quotes and brackets",
        ))
    }

    /// The message in its form on the wire, and whom it goes to. The same at each try, but for the
    /// boundary between its parts.
    pub(crate) fn message(&self, origin: &Origin) -> Result<Message, Failure> {
        let domain = self.from.email.domain();
        let everybody = self.recipients().map(|one| one.email.clone()).collect();
        let envelope = Envelope::new(Some(self.from.email.clone()), everybody)
            .map_err(|error| Failure::lasting(format!("the email has no envelope: {error}")))?;
        let mut message = Message::builder()
            // Given, as lettre else takes it from the head and leaves out whom it cannot read.
            .envelope(envelope)
            .date(UNIX_EPOCH + Duration::from_millis(origin.at_ms))
            // One id for all tries: whoever gets it twice can tell.
            .message_id(Some(format!("<{}@{domain}>", origin.id)))
            .from(self.from.clone())
            .mailbox(To::from(boxes(&self.to)));
        // `bcc` stands in the envelope only.
        if !self.cc.is_empty() {
            message = message.mailbox(Cc::from(boxes(&self.cc)));
        }
        if !self.reply_to.is_empty() {
            message = message.mailbox(ReplyTo::from(boxes(&self.reply_to)));
        }
        message = if subject::looks_encoded(&self.subject) {
            message.raw_header(subject::encoded(&self.subject))
        } else {
            message.subject(self.subject.clone())
        };
        let (text, html) = (self.text.clone(), self.html.clone());
        let built = match html {
            Some(html) => message.multipart(MultiPart::alternative_plain_html(text, html)),
            None => message.singlepart(SinglePart::plain(text)),
        };
        built.map_err(|error| Failure::lasting(format!("the email cannot be built: {error}")))
    }
}

impl Args {
    /// Before any address is read: that is what takes its time.
    fn check_counts(&self, max: usize) -> Result<(), Invalid> {
        if self.from.count(1) > 1 {
            let text = "`from` has several addresses, allowed is one";
            return Err(Invalid::email(text));
        }
        let everybody = [&self.to, &self.cc, &self.bcc];
        let all: usize = everybody.into_iter().map(|given| given.count(max)).sum();
        if all <= max && self.reply_to.count(max) <= max {
            return Ok(());
        }
        let whom = if all > max {
            "recipients"
        } else {
            "addresses in `replyTo`"
        };
        Err(Invalid::email(format!(
            "the email has too many {whom}, allowed are {max}"
        )))
    }
}

fn too_large(bytes: usize, options: &EmailOptions) -> Invalid {
    Invalid {
        code: "EmailTooLarge",
        text: format!(
            "subject, texts and addresses of the email have {bytes} bytes, allowed are {}",
            options.message_bytes_max
        ),
    }
}

fn boxes(mailboxes: &[Mailbox]) -> Mailboxes {
    mailboxes.iter().cloned().collect()
}

fn missing(field: &str) -> Invalid {
    Invalid::email(format!(
        "`{field}` is missing: to send an email, you must specify from, to, subject and body"
    ))
}

fn require_allowed(from: &Mailbox, allowed: &[String]) -> Result<(), Invalid> {
    let address = from.email.to_string().to_lowercase();
    let is_it = |rule: &String| {
        let rule = rule.to_lowercase();
        if rule.starts_with('@') {
            address.ends_with(&rule)
        } else {
            address == rule
        }
    };
    if allowed.is_empty() || allowed.iter().any(is_it) {
        return Ok(());
    }
    Err(Invalid {
        code: "EmailSenderDenied",
        text: format!(
            "`from` {address} may not send here; allowed are {}",
            allowed.join(", ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(args: &Value) -> Result<Email, Invalid> {
        let options = EmailOptions {
            from: vec!["@Shop.example".to_owned(), "ann@other.example".to_owned()],
            message_bytes_max: 100,
            recipients_max: 3,
            ..EmailOptions::default()
        };
        Email::from_json(&args.to_string(), &options)
    }

    fn good() -> Value {
        json!({"from": "Shop <info@shop.example>", "to": "a@x.example", "subject": "Hi",
            "body": "Text", "html": null, "cc": "", "bcc": null, "replyTo": ""})
    }

    /// The good email with one field changed is refused.
    #[track_caller]
    fn refused(field: &str, value: Value, code: &str, words: &str) {
        let mut args = good();
        args[field] = value;
        let error = read(&args).expect_err(words);
        assert_eq!(error.code, code, "{error}");
        assert!(error.text.contains(words), "{error}");
    }

    #[test]
    fn an_email_that_lacks_something_or_has_too_much_is_refused() {
        read(&good()).expect("it is a good one");
        let invalid = "EmailInvalid";
        for field in ["from", "to", "subject", "body"] {
            refused(
                field,
                json!(null),
                invalid,
                &format!("`{field}` is missing"),
            );
        }
        refused("to", json!([]), invalid, "`to` is missing");
        refused("body", json!({"a": 1}), invalid, "cannot be read");
        refused(
            "body",
            json!("x".repeat(80)),
            "EmailTooLarge",
            "allowed are 100",
        );
        let four = json!(["a@x.example, b@x.example", "c@x.example", "d@x.example"]);
        refused("to", four, invalid, "too many recipients, allowed are 3");
    }

    #[test]
    fn a_line_break_makes_no_header() {
        let invalid = "EmailInvalid";
        let subject = json!("Hi\r\nBcc: all@x.example");
        refused("subject", subject, invalid, "`subject` holds a line break");
        let to = json!("a@x.example\nBcc: all@x.example");
        refused("to", to, invalid, "`to` holds a line break");
        let reply_to = json!(["Ann\r\nX: y <a@x.example>"]);
        refused("replyTo", reply_to, invalid, "`replyTo` holds a line break");
    }

    #[test]
    fn only_senders_that_are_allowed_send() {
        let denied = "EmailSenderDenied";
        let allowed = "allowed are @Shop.example, ann@other.example";
        for from in [
            "a@evil.example",
            "info@shop.example.evil.example",
            "info@notshop.example",
            "bob@other.example",
        ] {
            refused("from", json!(from), denied, allowed);
        }
        let two = json!("info@shop.example, ann@other.example");
        refused("from", two, "EmailInvalid", "allowed is one");
        for from in ["INFO@SHOP.example", "Ann <ann@other.example>"] {
            let mut args = good();
            args["from"] = json!(from);
            read(&args).expect(from);
        }
    }
}

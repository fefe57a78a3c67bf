//! What an email may not hold, and what is kept of one that may be sent.

use lode_effects::{Email, EmailOptions, Invalid};
use serde_json::{Value, json};

use super::email::{header, plain, send, to};
use super::smtp_server::{SmtpServer, Tls};

fn read(args: &Value) -> Result<Email, Invalid> {
    Email::from_json(&args.to_string(), &EmailOptions::default())
}

#[track_caller]
fn refused(args: &Value, code: &str, words: &str) {
    let error = read(args).expect_err(words);
    assert_eq!(error.code, code, "{error}");
    assert!(error.text.contains(words), "{error}");
}

#[test]
fn addresses_are_counted_before_any_is_read() {
    // None of them is one: whoever reads the first speaks of that.
    let many = "nobody,".repeat(600_000);
    let too_many = "too many recipients, allowed are 100";
    for field in ["to", "cc", "bcc"] {
        let mut args = to("a@x.example");
        args[field] = json!(many);
        refused(&args, "EmailInvalid", too_many);
    }
    let mut args = to("a@x.example");
    args["replyTo"] = json!(many);
    refused(&args, "EmailInvalid", "too many addresses in `replyTo`");
    let mut args = to("a@x.example");
    args["from"] = json!(many);
    refused(&args, "EmailInvalid", "allowed is one");
    args["to"] = json!(vec![""; 600_000]);
    refused(&args, "EmailInvalid", "has at most 1000 texts");
}

#[test]
fn names_and_addresses_count_as_the_message_does() {
    let too_long = format!("{} <a@x.example>", "n".repeat(1_001));
    refused(&to(&too_long), "EmailInvalid", "allowed are 320 and 1000");
    let address = format!("{}@x.example", "a".repeat(400));
    refused(&to(&address), "EmailInvalid", "allowed are 320 and 1000");
    let options = EmailOptions {
        message_bytes_max: 10_000,
        ..EmailOptions::default()
    };
    let named = format!("{} <a@x.example>", "n".repeat(1_000));
    let args = |count| to(&vec![named.as_str(); count].join(",")).to_string();
    Email::from_json(&args(9), &options).expect("within the limit");
    let error = Email::from_json(&args(10), &options).expect_err("beyond it");
    assert_eq!(error.code, "EmailTooLarge", "{error}");
    let padded = format!("{}{}", " ".repeat(200_000), to("a@x.example"));
    let error = Email::from_json(&padded, &options).expect_err("beyond any");
    assert_eq!(error.code, "EmailTooLarge", "{error}");
}

#[test]
fn what_is_kept_is_what_was_read_and_reads_the_same() {
    let args = json!({
        "from": "The Shop <info@shop.example>", "cc": ["", "c@x.example"], "bcc": null,
        "to": ["\"Bee, \\\"B\\\\\" <b@x.example>", "Ä Ö <a@x.example> , d@x.example"],
        "subject": 1, "body": "Text", "html": "",
    });
    let kept = read(&args).expect("an email").to_json();
    let expected = json!({
        "from": "The Shop <info@shop.example>", "cc": "c@x.example",
        "to": "\"Bee, \\\"B\\\\\" <b@x.example>, Ä Ö <a@x.example>, d@x.example",
        "subject": "1", "body": "Text",
    });
    assert_eq!(serde_json::from_str::<Value>(&kept).ok(), Some(expected));
    let again = Email::from_json(&kept, &EmailOptions::default()).expect("the same email");
    assert_eq!(again.to_json(), kept);
    let padded = format!("{}{}", " ".repeat(50_000), to("a@x.example"));
    let email = Email::from_json(&padded, &EmailOptions::default()).expect("an email");
    assert!(email.to_json().len() < 200);
}

#[test]
fn an_email_that_can_never_be_built_is_refused_when_the_hook_asks() {
    for (field, address) in [
        ("from", "\"a b\"@shop.example"),
        ("to", "b@[127.0.0.1]"),
        ("cc", "b@[127.0.0.1]"),
        ("bcc", "\"a b\"@x.example"),
    ] {
        let mut args = to("a@x.example");
        args[field] = json!(address);
        refused(&args, "EmailInvalid", "ann@shop.example");
    }
}

#[tokio::test]
async fn a_subject_that_looks_encoded_is_read_as_the_hook_wrote_it() {
    let server = SmtpServer::start(Tls::None);
    let mut args = to("a@x.example");
    args["subject"] = json!("=?utf-8?q?x=0D=0ABcc:_v@x?=");
    send(&plain(&server), &args).await.expect("it is taken");
    let mails = server.mails();
    assert_eq!(
        header(&mails[0], "Subject"),
        "=?utf-8?q?=3D=3Futf=2D8=3Fq=3Fx=3D0D=3D0AB?= =?utf-8?q?cc=3A=5Fv=40x=3F=3D?="
    );
}

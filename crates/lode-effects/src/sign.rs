//! The signature of a webhook request.

use ring::hmac;

/// `v1=` and the hex digits of HMAC-SHA256, keyed with the secret's bytes, over the timestamp in
/// decimal digits, a full stop, and the body.
///
/// The timestamp is signed so that a request overheard cannot be sent again later: the receiver
/// refuses old ones.
#[must_use]
pub fn signature(secret: &str, timestamp_s: u64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(timestamp_s.to_string().as_bytes());
    context.update(b".");
    context.update(body);
    let tag = context.sign();
    let digits = tag.as_ref().iter().map(|byte| format!("{byte:02x}"));
    format!("v1={}", digits.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_what_other_implementations_make_of_the_same() {
        // printf '%s' '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 'a secret of some length'
        let expected = "v1=e09db3ce6e6e8f9b633a62851e5074a9e9148ac19b1c0e1a8f7c352380be630b";
        let made = signature("a secret of some length", 1_700_000_000, b"{\"a\":1}");
        assert_eq!(made, expected);
    }
}

//! The stack that a job may use.

/// Stack that V8 lets JavaScript use, in bytes: its own default, counted from where the isolate
/// was made.
const STACK_BYTES: u64 = 960 << 10;

/// Calls `body`, in which JavaScript may use `bytes` of the stack, at most V8's default.
pub(crate) fn limited_to(bytes: u64, body: &mut dyn FnMut()) {
    on_less_stack(STACK_BYTES.saturating_sub(bytes), body);
}

/// Calls `body` with so many bytes of the stack used up: V8's limit is an address that cannot be
/// moved once the isolate exists.
fn on_less_stack(spare: u64, body: &mut dyn FnMut()) {
    const STEP: usize = 16 << 10;
    if spare < STEP as u64 {
        return body();
    }
    let mut used = [0_u8; STEP];
    std::hint::black_box(&mut used);
    on_less_stack(spare - STEP as u64, body);
    // Used after the call, so that the call is not made in place of this frame.
    std::hint::black_box(&mut used);
}

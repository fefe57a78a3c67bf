//! V8's C callbacks: the `unsafe` that its Rust interface leaves to the embedder, and no policy.
//!
//! lode-jail's `sys.rs` is the home of `unsafe`; this second one exists because the callbacks
//! below have V8's types in their signatures, and only this crate may know V8.
#![expect(unsafe_code, reason = "V8 calls back through C function pointers")]

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc};
use std::ffi::{c_char, c_void};
use std::sync::Arc;

use deno_core::v8;
use lode_proto::ChildExit;

use crate::budget::{ArrayBudget, HeapBudget};
use crate::job;

/// Alignment that V8 expects of backing stores: that of the largest typed-array element, twice.
const ALIGN: usize = 16;

fn layout(bytes: usize) -> Option<Layout> {
    Layout::from_size_align(bytes.max(1), ALIGN).ok()
}

/// An ArrayBuffer allocator that asks `budget` first.
pub(crate) fn array_buffer_allocator(budget: Arc<ArrayBudget>) -> v8::UniqueRef<v8::Allocator> {
    extern "C" fn zeroed(budget: &ArrayBudget, bytes: usize) -> *mut c_void {
        take(budget, bytes, |layout| {
            // SAFETY: the layout's size is at least 1.
            unsafe { alloc_zeroed(layout) }
        })
    }
    extern "C" fn uninitialized(budget: &ArrayBudget, bytes: usize) -> *mut c_void {
        take(budget, bytes, |layout| {
            // SAFETY: the layout's size is at least 1.
            unsafe { alloc(layout) }
        })
    }
    extern "C" fn free(budget: &ArrayBudget, data: *mut c_void, bytes: usize) {
        if let Some(layout) = layout(bytes) {
            // SAFETY: V8 gives back exactly what one of the two functions above returned, with the
            // length it asked for, hence the same layout.
            unsafe { dealloc(data.cast(), layout) };
            budget.give_back(bytes);
        }
    }
    extern "C" fn release(budget: *const ArrayBudget) {
        // SAFETY: the pointer came from Arc::into_raw below, and V8 calls this once.
        drop(unsafe { Arc::from_raw(budget) });
    }
    static VTABLE: v8::RustAllocatorVtable<ArrayBudget> = v8::RustAllocatorVtable {
        allocate: zeroed,
        allocate_uninitialized: uninitialized,
        free,
        drop: release,
    };
    // SAFETY: the handle is a live ArrayBudget until `release`, and the vtable is made for it.
    unsafe { v8::new_rust_allocator(Arc::into_raw(budget), &VTABLE) }
}

fn take(budget: &ArrayBudget, bytes: usize, get: impl Fn(Layout) -> *mut u8) -> *mut c_void {
    let Some(layout) = layout(bytes) else {
        return std::ptr::null_mut();
    };
    if !budget.take(bytes) {
        return std::ptr::null_mut();
    }
    let data = get(layout);
    if data.is_null() {
        budget.give_back(bytes);
    }
    data.cast()
}

/// Lets `budget` decide what happens near the heap limit, and ends the process beyond it.
pub(crate) fn guard_heap(isolate: &mut v8::Isolate, budget: Arc<HeapBudget>) {
    extern "C" fn near_limit(data: *mut c_void, current: usize, _initial: usize) -> usize {
        // SAFETY: `data` is the pointer given below, whose Arc is never released.
        let budget = unsafe { &*data.cast::<HeapBudget>() };
        budget.near_limit(current)
    }
    unsafe extern "C" fn out_of_memory(_location: *const c_char, _details: &v8::OomDetails) {
        crate::engine::leave(ChildExit::OutOfMemory)
    }
    let data = Arc::into_raw(budget).cast_mut().cast::<c_void>();
    isolate.add_near_heap_limit_callback(near_limit, data);
    isolate.set_oom_error_handler(out_of_memory);
}

/// Asks the isolate, from any thread, to note where it is and stop. `false` when it is gone.
pub(crate) fn interrupt(handle: &v8::IsolateHandle) -> bool {
    extern "C" fn stop(mut isolate: v8::UnsafeRawIsolatePtr, _data: *mut c_void) {
        // SAFETY: V8 calls this on the isolate's own thread with a pointer to the live, entered
        // isolate, between two JavaScript instructions.
        let isolate = unsafe { v8::Isolate::ref_from_raw_isolate_ptr_mut(&mut isolate) };
        // SAFETY: V8 holds no scope that this one could be mixed up with: it calls interrupts
        // outside of any handle operation of ours.
        v8::callback_scope!(unsafe scope, isolate);
        job::note_where_and_stop(scope);
    }
    handle.request_interrupt(stop, std::ptr::null_mut())
}

/// Has `job` keep track of promises that are rejected and never looked after.
pub(crate) fn track_rejections(isolate: &mut v8::Isolate) {
    extern "C" fn rejected(message: v8::PromiseRejectMessage<'_>) {
        // SAFETY: V8 calls this in a context with a fresh handle scope; the message lives as long.
        v8::callback_scope!(unsafe scope, &message);
        job::track_rejection(scope, &message);
    }
    isolate.set_promise_reject_callback(rejected);
}

/// Has `job` keep exceptions that come out where nobody can catch them: in a finaliser, in a
/// microtask of the host's.
pub(crate) fn hear_uncaught(isolate: &mut v8::Isolate) {
    unsafe extern "C" fn uncaught(
        message: v8::Local<'_, v8::Message>,
        exception: v8::Local<'_, v8::Value>,
    ) {
        // SAFETY: V8 calls this in a context with a fresh handle scope; both handles live as long.
        v8::callback_scope!(unsafe scope, message);
        job::keep_uncaught(scope, exception);
    }
    isolate.add_message_listener(uncaught);
}

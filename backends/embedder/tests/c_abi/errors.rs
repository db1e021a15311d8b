//! Errors, and what the functions say of themselves.

use std::ffi::{CStr, c_char, c_void};
use std::ptr::{null, null_mut};

use threadbare_embedder::*;

use crate::common::*;

static OURS: u8 = 1;
static OTHER: u8 = 2;

fn tag(of: &'static u8) -> *const c_void {
    std::ptr::from_ref(of).cast()
}

#[test]
fn an_error_has_a_kind_and_a_text() {
    for kind in TB_ERROR_OTHER..=TB_ERROR_TIMED_OUT {
        assert_eq!(take_error(error(kind, "Grüße")), (kind, "Grüße".to_string()));
    }
    let mut made = std::ptr::dangling_mut();
    // SAFETY: the texts are C strings.
    unsafe {
        assert_eq!(tb_error_create(TB_ERROR_TIMED_OUT + 1, c"x".as_ptr(), &raw mut made), TB_INVALID);
        assert!(made.is_null());
        assert_eq!(tb_error_create(-1, c"x".as_ptr(), &raw mut made), TB_INVALID);
        assert_eq!(tb_error_create(TB_ERROR_OTHER, c"\xff".as_ptr(), &raw mut made), TB_INVALID);
        assert_eq!(tb_error_create(TB_ERROR_OTHER, null(), &raw mut made), TB_NULL);
        assert_eq!(tb_error_create(TB_ERROR_OTHER, c"x".as_ptr(), null_mut()), TB_NULL);
        assert_eq!((tb_error_get_kind(null()), tb_error_message(null(), null_mut(), 0)), (TB_ERROR_OTHER, 0));
    }
}

#[test]
fn the_core_s_own_errors_keep_their_kind() {
    let system = system(1);
    let mut worker = null_mut();
    // SAFETY: it is alive.
    unsafe { assert_eq!(tb_context_clone(tb_system_worker(system), &raw mut worker), TB_OK) };
    drop_system(system);
    let log = Log::default();
    let task = run(worker, &log, 1, |_| unreachable!("the pool is closed"));
    assert_eq!(wait(task).unwrap_err().0, TB_ERROR_CLOSED);
    assert_eq!(log.numbers(), [1]);
    // SAFETY: it is alive.
    unsafe { tb_context_drop(&raw mut worker) };
}

#[test]
fn a_text_is_cut_between_characters_and_terminated() {
    let made = error(TB_ERROR_OTHER, "aäz");
    for (size, expected) in [(1, ""), (2, "a"), (3, "a"), (4, "aä"), (5, "aäz"), (9, "aäz")] {
        let mut buffer = [0x55_u8; 10];
        // SAFETY: the buffer is longer than said.
        let length = unsafe { tb_error_message(made, buffer.as_mut_ptr().cast::<c_char>(), size) };
        assert_eq!(length, 4);
        assert_eq!(CStr::from_bytes_until_nul(&buffer).unwrap().to_str().unwrap(), expected);
        assert!(buffer[size..].iter().all(|byte| *byte == 0x55), "nothing is written behind it");
    }
    let mut none = [0x55_u8];
    // SAFETY: a buffer without room is not written to, nor is one that is not there.
    unsafe {
        assert_eq!(tb_error_message(made, none.as_mut_ptr().cast::<c_char>(), 0), 4);
        assert_eq!(tb_error_message(made, null_mut(), 100), 4);
    }
    assert_eq!(none, [0x55]);
    take_error(made);
}

#[test]
fn a_payload_goes_with_the_last_handle_and_is_found_by_its_tag() {
    let log = Log::default();
    let (mut made, mut clone) = (std::ptr::dangling_mut(), null_mut());
    let payload = log.value(1);
    // SAFETY: all are alive.
    unsafe {
        let with = |tag, out| tb_error_create_with(TB_ERROR_FULL, c"full".as_ptr(), tag, payload, DESTROY, out);
        assert_eq!(with(null(), &raw mut made), TB_NULL);
        assert!(made.is_null());
        assert_eq!(with(tag(&OURS), null_mut()), TB_NULL);
        assert_eq!(log.numbers(), [], "it stayed ours");
        assert_eq!(with(tag(&OURS), &raw mut made), TB_OK);
        assert_eq!(tb_error_payload(made, tag(&OURS)), payload.cast_const());
        assert!(tb_error_payload(made, tag(&OTHER)).is_null());
        assert!(tb_error_payload(null(), tag(&OURS)).is_null());
        assert_eq!(tb_error_clone(made, &raw mut clone), TB_OK);
        tb_error_drop(&raw mut made);
        assert_eq!((log.numbers(), number(tb_error_payload(clone, tag(&OURS)))), (vec![], 1));
        tb_error_drop(&raw mut clone);
        tb_error_drop(&raw mut clone);
    }
    assert_eq!(log.numbers(), [1]);
}

#[test]
fn a_line_of_context_is_the_text_and_hides_nothing() {
    let log = Log::default();
    let mut made = null_mut();
    // SAFETY: all are alive.
    unsafe {
        let (text, of) = (c"no such file".as_ptr(), tag(&OURS));
        assert_eq!(tb_error_create_with(TB_ERROR_CLOSED, text, of, log.value(1), DESTROY, &raw mut made), TB_OK);
        let before = made;
        assert_eq!(tb_error_context(&raw mut made, c"\xff".as_ptr()), TB_INVALID);
        assert_eq!((made, tb_error_context(&raw mut made, null())), (before, TB_NULL));
        assert_eq!(tb_error_context(null_mut(), c"x".as_ptr()), TB_NULL);
        assert_eq!(tb_error_context(&raw mut made, c"loading hero.png".as_ptr()), TB_OK);
        assert_eq!(look_at(made), (TB_ERROR_CLOSED, "loading hero.png".to_string()));
        assert_eq!(number(tb_error_payload(made, of)), 1);
        let mut buffer = [0; 64];
        let length = tb_error_trace(made, buffer.as_mut_ptr().cast::<c_char>(), buffer.len());
        let trace = CStr::from_bytes_until_nul(&buffer).unwrap().to_str().unwrap();
        assert_eq!((trace, trace.len()), ("loading hero.png\n  caused by: no such file", length));
        tb_error_drop(&raw mut made);
    }
    assert_eq!(log.numbers(), [1]);
}

#[test]
fn the_last_error_is_the_thread_s_own_and_outlives_success() {
    std::thread::spawn(|| {
        assert_eq!(last_error(), "");
        // SAFETY: NULL is refused.
        assert_eq!(unsafe { tb_task_detach(null_mut()) }, TB_NULL);
        let said = last_error();
        assert!(!said.is_empty());
        take_error(error(TB_ERROR_OTHER, "done well"));
        assert_eq!(last_error(), said);
        std::thread::spawn(|| assert_eq!(last_error(), "")).join().unwrap();
    })
    .join()
    .unwrap();
}

#[test]
fn statuses_have_names_and_the_version_is_the_header_s() {
    let name = |status| {
        // SAFETY: it is static text.
        unsafe { CStr::from_ptr(tb_status_name(status)) }.to_str().unwrap()
    };
    assert_eq!((name(TB_OK), name(TB_PANICKED)), ("TB_OK", "TB_PANICKED"));
    assert_eq!((name(TB_FULL), name(TB_CLOSED)), ("TB_FULL", "TB_CLOSED"));
    assert_eq!((name(TB_CLOSED + 1), name(-1)), ("TB_?", "TB_?"));
    assert_eq!(tb_version(), TB_VERSION);
    assert_eq!(tb_is_checked(), cfg!(any(debug_assertions, feature = "checked")));
}

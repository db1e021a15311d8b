//! The error hook, which is the process's: so it has a program of its own.

use std::ffi::{CStr, c_char, c_void};
use std::ptr::null_mut;
use std::sync::Mutex;

use threadbare_embedder::*;

static SEEN: Mutex<Vec<(usize, tb_error_kind, String)>> = Mutex::new(Vec::new());

unsafe extern "C-unwind" fn note(data: *mut c_void, error: *const tb_error) {
    let mut text = [0; 64];
    // SAFETY: the error is lent, and the buffer is as long as said.
    unsafe {
        tb_error_message(error, text.as_mut_ptr().cast::<c_char>(), text.len());
        let text = CStr::from_bytes_until_nul(&text).unwrap().to_str().unwrap().to_string();
        SEEN.lock().unwrap().push((data.addr(), tb_error_get_kind(error), text));
    }
}

unsafe extern "C-unwind" fn other(_: *mut c_void, _: *const tb_error) {
    unreachable!("the first hook stays");
}

#[test]
fn an_error_that_nobody_sees_goes_to_the_first_hook() {
    let data = std::ptr::without_provenance_mut(5);
    let (mut error, mut task) = (null_mut(), null_mut());
    // SAFETY: all are alive.
    unsafe {
        assert_eq!(tb_set_error_hook(None, data), TB_NULL);
        assert_eq!(tb_set_error_hook(Some(note), data), TB_OK);
        assert_eq!(tb_set_error_hook(Some(other), null_mut()), TB_SETTLED);
        assert_eq!(tb_error_create(TB_ERROR_TIMED_OUT, c"too late".as_ptr(), &raw mut error), TB_OK);
        assert_eq!(tb_task_rejected(&raw mut error, &raw mut task), TB_OK);
        tb_task_drop(&raw mut task);
    }
    assert_eq!(*SEEN.lock().unwrap(), [(5, TB_ERROR_TIMED_OUT, "too late".to_string())]);
}

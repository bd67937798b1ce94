//! What Mesa's Vulkan drivers say on a machine without a desktop.
//!
//! Their layer that puts the card of the desktop first asks for one every time a driver is opened, and libwayland then
//! prints `error: XDG_RUNTIME_DIR is invalid or not set in the environment.`, several times for one command. On a
//! server there is no desktop to ask.
#![allow(unsafe_code)]

use std::env;

/// Turns the layer off, unless there may be a desktop or a variable chooses the first card. For the start
/// of the program.
pub(crate) fn ask_no_desktop() {
    let asked = ["XDG_RUNTIME_DIR", "MESA_VK_DEVICE_SELECT", "NODEVICE_SELECT"];
    if asked.into_iter().all(|name| env::var_os(name).is_none()) {
        // SAFETY: there is no other thread yet that could read the environment.
        unsafe { env::set_var("NODEVICE_SELECT", "1") }
    }
}

//! The host's C table over [`Services`](crate::lent::Services): datasets that plugins publish.

use std::ffi::c_void;
use std::time::Duration;

use weir_plugin_abi as abi;
use weir_plugin_abi::{WeirErr, WeirStr};

use crate::lent_table::{context, service};
use crate::publish::{bytes, lifetime};
use crate::request::text;
use crate::{Error, Publication};

pub(crate) unsafe extern "C" fn dataset_publish(
    host: *mut c_void,
    id: WeirStr,
    recipe: *const u8,
    length: usize,
    seconds: u64,
    err: *mut WeirErr,
) -> i32 {
    service(err, || {
        // SAFETY: the arguments follow the rules of the boundary.
        let (context, id, recipe) = unsafe { (context(host), text(id), bytes(recipe, length)) };
        if id.is_empty() {
            return Err(Error::bad_request(
                "a dataset is published under an id, which is UTF-8 and not empty",
            ));
        }
        let lifetime: Option<Duration> = lifetime(seconds);
        context.services.publish(&context.plugin, Publication { id, recipe, lifetime })?;
        Ok(abi::WEIR_OK)
    })
}

pub(crate) unsafe extern "C" fn dataset_withdraw(host: *mut c_void, id: WeirStr, err: *mut WeirErr) -> i32 {
    service(err, || {
        // SAFETY: the arguments follow the rules of the boundary.
        let (context, id) = unsafe { (context(host), text(id)) };
        context.services.withdraw(&context.plugin, id)?;
        Ok(abi::WEIR_OK)
    })
}

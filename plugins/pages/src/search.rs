//! Datasets by words of their ids.

use weir_plugin_api::{Child, Error, Host, Request};

/// Ids that are looked through at once.
const AT_ONCE: u32 = 10_000;

/// The datasets behind `after` whose ids have all `words` in them, upper case as lower case: at most `limit`, and whether more follow.
///
/// # Errors
/// Where ids cannot be listed, or nobody waits for them any more.
pub(crate) fn found(
    (host, request): (&Host, &Request<'_>),
    (words, after): (&str, &str),
    limit: usize,
) -> Result<(Vec<Child>, bool), Error> {
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let has_all = |id: &str| {
        let id = id.to_lowercase();
        words.iter().all(|word| id.contains(word))
    };
    let (mut ids, mut after) = (Vec::new(), after.to_owned());
    loop {
        let some = host.list("", &after, AT_ONCE)?;
        let Some(last) = some.last() else { break };
        last.clone_into(&mut after);
        ids.extend(some.into_iter().filter(|id| has_all(id)));
        if ids.len() > limit {
            break;
        }
        if host.is_cancelled(request) {
            return Err(Error::new(weir_plugin_api::ErrorKind::Cancelled, "nobody waits for the page"));
        }
    }
    let more = ids.len() > limit;
    ids.truncate(limit);
    Ok((ids.iter().filter_map(|id| dataset(host, id).transpose()).collect::<Result<_, _>>()?, more))
}

/// What is known of a dataset without opening it; nothing where it went in the meantime.
fn dataset(host: &Host, id: &str) -> Result<Option<Child>, Error> {
    let first = host.entries(id, "", 1)?.into_iter().next();
    Ok(first.filter(|entry| entry.id == id).map(Child::Dataset))
}

//! What came with minor version 5, across the boundary: datasets that plugins publish.

use std::sync::Arc;
use std::time::Duration;

use weir_model::{ByteOrder, DataType, Hyperslab, Schema};
use weir_plugin_abi::{WeirHost, WeirPlugin};

use super::*;
use crate::lent::{RequestContext, host_table};
use crate::testing::{MockHost, Running, counting, dataset_of};
use crate::{ErrorKind, Plugin, Request, Response, Route, export, guest};

/// Publishes `d/twice`, in which `v` is twice what it is in `d`, and other datasets that are not what they should be.
struct Doubling(Host);

fn twice(schema: &Schema, texts: bool) -> Schema {
    let mut schema = schema.clone();
    schema.root.variables.retain(|variable| texts || variable.name == "v");
    schema
}

impl Plugin for Doubling {
    const NAME: &'static str = "doubling";
    const VERSION: &'static str = "1";

    fn create(host: Host, _: &str) -> Result<Self, Error> {
        for (id, recipe) in [
            ("d/twice", "d"),
            ("d/again", "d/twice"),
            ("itself", "itself"),
            ("a", "b"),
            ("b", "a"),
            ("panics", "panic"),
            ("wrong", "shape"),
        ] {
            host.publish(Publication { id, recipe: recipe.as_bytes(), lifetime: None })?;
        }
        let short = Some(Duration::from_secs(60));
        host.publish(Publication { id: "short", recipe: b"d", lifetime: short })?;
        Ok(Self(host))
    }

    fn routes(&self) -> Vec<Route> {
        vec![Route::get("/withdraw/{rest}")]
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        self.0.withdraw(request.rest())?;
        Ok(Response::full("text/plain", "gone"))
    }

    fn provider(&self) -> Option<&dyn Provider> {
        Some(self)
    }
}

impl Provider for Doubling {
    fn describe(&self, published: &Published<'_>) -> Result<Made, Error> {
        let recipe = std::str::from_utf8(published.recipe()).unwrap();
        match recipe {
            "panic" => panic!("while {} is described", published.id()),
            "shape" => {
                let mut schema = dataset_of(vec![counting("v", DataType::Int16, &[("x", 3)])]).schema;
                schema.root.variables[0].shape = vec![4];
                return Ok(Made { generation: "1".to_owned(), schema: Some(Arc::new(schema)) });
            }
            _ => {}
        }
        let source = published.open(&self.0, recipe)?;
        let generation = format!("twice {}", source.generation()?);
        let schema = (generation != published.generation()).then(|| source.schema()).transpose()?;
        Ok(Made { generation, schema: schema.map(|schema| Arc::new(twice(&schema, true))) })
    }

    fn read(&self, published: &Published<'_>, wanted: Wanted<'_>, out: &mut [u8]) -> Result<(), Error> {
        assert!(!published.is_cancelled(&self.0));
        let source = published.open(&self.0, std::str::from_utf8(published.recipe()).unwrap())?;
        source.read(wanted.variable, wanted.slab, ByteOrder::Little, out)?;
        for two in out.as_chunks_mut::<2>().0 {
            let value = i16::from_le_bytes(*two) * 2;
            *two = if wanted.order == ByteOrder::Big { value.to_be_bytes() } else { value.to_le_bytes() };
        }
        Ok(())
    }

    fn read_strings(&self, published: &Published<'_>, wanted: Wanted<'_>) -> Result<Vec<Vec<u8>>, Error> {
        let source = published.open(&self.0, std::str::from_utf8(published.recipe()).unwrap())?;
        let texts = source.read_strings(wanted.variable, wanted.slab)?;
        Ok(texts.into_iter().map(|text| [text.as_slice(), text.as_slice()].concat()).collect())
    }
}

fn host() -> MockHost {
    let variables = vec![
        counting("v", DataType::Int16, &[("x", 6), ("y", 2)]),
        counting("t", DataType::String, &[("x", 6)]),
    ];
    MockHost::new().dataset("d", dataset_of(variables))
}

fn read(running: &Running, id: &str, order: ByteOrder) -> Vec<i16> {
    let strides =
        [(1, 2, 3), (1, 1, 1)].map(|(start, step, count)| weir_model::Stride { start, step, count });
    let slab = Hyperslab::within(&[6, 2], strides.to_vec()).unwrap();
    let mut out = [0; 6];
    running.open(id).unwrap().read("/v", &slab, order, &mut out).unwrap();
    let number = if order == ByteOrder::Big { i16::from_be_bytes } else { i16::from_le_bytes };
    out.as_chunks().0.iter().map(|two| number(*two)).collect()
}

#[test]
fn what_is_published_is_read_as_any_dataset() {
    let running = host().start::<Doubling>();
    assert_eq!(read(&running, "d/twice", ByteOrder::Little), [8, 16, 24]);
    assert_eq!(read(&running, "d/twice", ByteOrder::Big), [8, 16, 24]);
    // One that is made of one that is made.
    assert_eq!(read(&running, "d/again", ByteOrder::Little), [16, 32, 48]);
    let lent = running.open("d/again").unwrap();
    assert!(lent.generation().starts_with("twice twice "), "{}", lent.generation());
    let texts = lent.read_strings("/t", &Hyperslab::whole(&[6]).unwrap()).unwrap();
    assert_eq!(texts[1], b"text 2text 2text 2text 2");
    let lifetime = |id: &str| running.published().into_iter().find(|(of, _)| of == id).unwrap().1;
    assert_eq!((lifetime("short"), lifetime("d/twice")), (Some(Duration::from_secs(60)), None));
    running.get("/withdraw/short").unwrap();
    assert_eq!(running.open("short").err().map(|error| error.kind), Some(ErrorKind::NotFound));
    assert_eq!(running.get("/withdraw/short").unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn what_cannot_be_made_is_an_error() {
    let running = host().start::<Doubling>();
    let kind = |id: &str| running.open(id).err().unwrap_or_else(|| panic!("{id} is no dataset")).kind;
    assert_eq!(kind("itself"), ErrorKind::BadRequest);
    assert_eq!(kind("a"), ErrorKind::BadRequest);
    assert_eq!(kind("panics"), ErrorKind::Panic);
    assert_eq!(kind("wrong"), ErrorKind::Internal);
}

#[test]
fn parts_share_what_their_whole_has() {
    let asked = Arc::new(RequestContext::new("1".to_owned(), None));
    let making = |of: &Arc<RequestContext>, id: &str| RequestContext::making(of, id).map(Arc::new);
    let part = making(&asked, "a").unwrap();
    asked.note_needed(7);
    asked.hold(Some(Box::new(5_u8)));
    assert_eq!((part.needed_around(), asked.needed_around()), (7, 0));
    assert!(part.hold(None).unwrap().downcast::<u8>().is_ok_and(|held| *held == 5));
    assert!(asked.hold(None).is_none());
    assert!(making(&part, "a").is_none(), "a part of itself");
    let deep = ["b", "c", "d"].iter().fold(part, |of, id| making(&of, id).unwrap());
    assert!(making(&deep, "e").is_none(), "too deep");
    asked.cancel();
    assert!(deep.is_cancelled());
}

/// A plugin of an older minor version has a smaller table, and publishes nothing.
#[test]
fn plugins_of_older_versions_make_no_datasets() {
    let mut smaller: WeirPlugin = export::table::<Doubling>();
    smaller.size = std::mem::offset_of!(WeirPlugin, body_range);
    smaller.abi_minor = 0;
    // SAFETY: the table is whole, and leaked.
    let table = unsafe { guest::adopt(Box::leak(Box::new(smaller))) }.unwrap();
    let running = host().start_table(table);
    assert_eq!(running.open("d/twice").err().map(|error| error.kind), Some(ErrorKind::Unsupported));
    let mut old = WeirHost { ..*host_table(Arc::new(host()), "tested") };
    old.size = std::mem::offset_of!(WeirHost, dataset_publish);
    // SAFETY: as above.
    let old = unsafe { Host::adopt(Box::leak(Box::new(old))) }.unwrap();
    let refused = old.publish(Publication { id: "x", recipe: b"", lifetime: None }).unwrap_err();
    assert_eq!(refused.message, "this needs a host of ABI 1.5 or later; upgrade the server");
}

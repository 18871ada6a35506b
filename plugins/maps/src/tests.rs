//! Maps of datasets in memory, asked for through the boundary as a server asks.

mod answers;
mod places;
mod told;

use std::sync::LazyLock;

use weir_plugin_api::testing::{MockHost, Pulled, Running};

use crate::MapsPlugin;

/// The plugin beside datasets of every kind of grid, which are made once.
fn running() -> &'static Running {
    static RUNNING: LazyLock<Running> = LazyLock::new(|| host().start::<MapsPlugin>());
    &RUNNING
}

fn host() -> MockHost {
    let all = weir_fields::testing::datasets();
    all.into_iter().fold(MockHost::new(), |host, (id, dataset)| host.dataset(id, dataset))
}

fn get(target: &str) -> Pulled {
    running().get(target).unwrap_or_else(|error| panic!("{target}: {error}"))
}

/// Red, green, blue and opacity of a PNG file, row by row.
struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<[u8; 4]>,
}

impl Picture {
    fn of(file: &[u8]) -> Self {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
        let mut reader = decoder.read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        Self { width: info.width, height: info.height, pixels: bytes.as_chunks().0.to_vec() }
    }

    fn at(&self, column: u32, row: u32) -> [u8; 4] {
        self.pixels[(row * self.width + column) as usize]
    }
}

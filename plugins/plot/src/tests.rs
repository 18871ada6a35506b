//! Pictures of datasets in memory, asked for through the boundary as a server asks.

mod answers;
mod meshes;
mod places;
mod snapshots;

use std::sync::LazyLock;

use weir_plugin_api::testing::{MockHost, Running};

use crate::PlotPlugin;

/// The plugin beside datasets of every kind of grid, which are made once.
fn running() -> &'static Running {
    static RUNNING: LazyLock<Running> = LazyLock::new(|| host().start::<PlotPlugin>());
    &RUNNING
}

fn host() -> MockHost {
    let host = MockHost::new().dataset("mesh", meshes::bounds());
    weir_fields::testing::datasets().into_iter().fold(host, |host, (id, dataset)| host.dataset(id, dataset))
}

/// Red, green and blue of a PNG file, row by row; what is transparent is `None`.
struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<Option<[u8; 3]>>,
}

impl Picture {
    fn of(file: &[u8]) -> Self {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
        let mut reader = decoder.read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        let pixels = bytes.chunks_exact(4).map(|p| (p[3] == 255).then_some([p[0], p[1], p[2]])).collect();
        Self { width: info.width, height: info.height, pixels }
    }

    fn at(&self, column: u32, row: u32) -> Option<[u8; 3]> {
        self.pixels[(row * self.width + column) as usize]
    }
}

//! Many large diagnostics at once stay within the memory that there is for them: every byte that is allocated is counted.

use std::alloc::System;
use std::sync::Barrier;

use cap::Cap;
use weir_model::DataType;
use weir_plugin_api::testing::{MockHost, counting, dataset_of};
use weir_plugin_diagnostics::DiagnosticsPlugin;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

const MIB: usize = 1 << 20;

/// All that results may take together.
const MEMORY: usize = 48 * MIB;

const REQUESTS: usize = 50;

#[test]
fn fifty_large_results_take_no_more_than_there_is() {
    let (time, times) = counting("time", DataType::Int32, &[("time", 6)]);
    let (mut data, values) = counting("v", DataType::Float32, &[("time", 6), ("y", 600), ("x", 500)]);
    data.storage.chunk_shape = vec![1, 600, 500];
    let host = MockHost::new().dataset("d", dataset_of(vec![(time, times), (data, values)]));
    let running = host.config(&format!(r#"{{"memory": {MEMORY}}}"#)).start::<DiagnosticsPlugin>();
    let target = |number: usize| {
        // All are different, so that none is shared, and none is small.
        let (first, action) = (number % 5, ["mean", "std", "median", "max"][number % 4]);
        format!(
            "/datasets/d/diagnostics?variable=v&action={action}&over=time&where=time:[{first}:6];x:[{}:500]&format=netcdf3",
            number / 5
        )
    };
    let alone = {
        let before = ALLOCATOR.allocated();
        running.get(&target(0)).unwrap();
        ALLOCATOR.max_allocated() - before
    };
    assert!(alone > 8 * MIB, "{alone}");
    let (before, together) = (ALLOCATOR.allocated(), Barrier::new(REQUESTS));
    std::thread::scope(|scope| {
        for number in 0..REQUESTS {
            let (running, together, target) = (&running, &together, target(number));
            scope.spawn(move || {
                together.wait();
                let pulled = running.get(&target).unwrap();
                // A classic header, and 600 rows of singles.
                assert!(pulled.bytes.len() > 600 * 490 * 4 && pulled.bytes.starts_with(b"CDF"), "{target}");
            });
        }
    });
    let most = ALLOCATOR.max_allocated() - before;
    // What was pulled is the client's: each request's own bytes, as the test holds them, and one piece on its way.
    let pulled = REQUESTS * (600 * 500 * 4 * 2);
    assert!(most < MEMORY + pulled, "{} MiB, of which {} MiB are the clients'", most / MIB, pulled / MIB);
    // Without a limit each would take what one does.
    assert!(most < REQUESTS * alone / 2, "{} MiB instead of {} MiB each", most / MIB, alone / MIB);
}

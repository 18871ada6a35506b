//! Any text as points, as a polygon, as a grid is answered with a result or refused.
#![no_main]

mod answered;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // What would end the parameter is part of other queries.
    let text: String = text.chars().filter(|c| !['&', '#', '%', '+'].contains(c)).collect();
    answered::check(&format!("action=mean&over=time&points={text}"));
    answered::check(&format!("action=mean&over=time&polygon={text}"));
    answered::check(&format!("action=mean&over=time&regrid=bilinear&grid={text}"));
    answered::check(&format!("action=max&by={text}"));
});

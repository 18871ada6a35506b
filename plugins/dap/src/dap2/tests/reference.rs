//! A naive implementation of DAP2 responses, and random datasets and constraints to compare the plugin with it.
//!
//! It shares nothing with the encoder: datasets are trees of values, parts are picked one by one, and XDR is written from
//! the words of the specification.

mod ask;
mod model;

use proptest::prelude::*;
use weir_dap::dap2::values::Reader;
use weir_plugin_api::ErrorKind;
use weir_plugin_api::testing::MockHost;

use self::ask::Question;
use self::model::{Dice, Model};
use crate::DapPlugin;

/// The data behind the DDS.
fn behind_head(response: &[u8]) -> &[u8] {
    let mark = b"\nData:\n";
    let at = response.windows(mark.len()).position(|window| window == mark).unwrap();
    &response[at + mark.len()..]
}

/// Asks a random dataset random questions.
fn check(seed: u64, config: &str) {
    let mut dice = Dice::new(seed);
    let model = Model::random(&mut dice);
    let running = MockHost::new().dataset("d", model.dataset()).config(config).start::<DapPlugin>();
    for _ in 0..4 {
        let question = Question::random(&model, &mut dice);
        let target = format!("/datasets/d/opendap.dods?{}", question.query(&mut dice));
        let answer = running.get(&target).unwrap_or_else(|error| panic!("{target}: {error}"));
        assert_eq!(answer.length, Some(answer.bytes.len() as u64), "{target}");
        let head =
            String::from_utf8_lossy(&answer.bytes[..answer.bytes.len() - behind_head(&answer.bytes).len()]);
        assert_eq!(behind_head(&answer.bytes), question.expected(&model), "{target}\n{head}");
        let structure = running.get(&target.replacen(".dods", ".dds", 1)).unwrap().text();
        assert_eq!(head.strip_suffix("Data:\n"), Some(structure.as_str()), "{target}");
        // What is written is what a client reads back.
        let mut reader = Reader::new();
        reader.push(&answer.bytes);
        while reader.next().unwrap_or_else(|broken| panic!("{target}: {broken}\n{head}")).is_some() {}
        reader.finish().unwrap_or_else(|broken| panic!("{target}: {broken}\n{head}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn answers_are_those_of_the_reference(seed: u64) {
        check(seed, "{}");
    }

    #[test]
    fn what_is_no_constraint_is_the_clients_mistake(seed: u64) {
        let mut dice = Dice::new(seed);
        let model = Model::random(&mut dice);
        let running = MockHost::new().dataset("d", model.dataset()).start::<DapPlugin>();
        for _ in 0..8 {
            let mut query = Question::random(&model, &mut dice).query(&mut dice);
            for _ in 0..=dice.below(3) {
                let mark = ["[", "]", ":", "&", ",", ".", "(", ")", "=", "~=", "\"", "{", "9", "*", "%", "version(", "grid"];
                let at = dice.below(query.len() as u64 + 1) as usize;
                let to = (at + dice.below(4) as usize).min(query.len());
                query.replace_range(at..to, mark[dice.below(mark.len() as u64) as usize]);
            }
            if let Err(error) = running.get(&format!("/datasets/d/opendap.dods?{query}")) {
                assert!(matches!(error.kind, ErrorKind::BadRequest | ErrorKind::TooLarge), "{query}: {error:?}");
            }
        }
    }

    #[test]
    fn streamed_answers_are_those_of_the_reference(seed: u64) {
        check(seed, r#"{"commit_limit": 0}"#);
    }
}

//! The operator against fixtures, written in double precision by `scripts/make_fixtures.py` from the definition alone:
//! positions in, output and gradients out.

mod common;

use common::{Fixture, Op, check_fixtures, fixture_names};
use pointconv::{pointwise_conv, reference};

const FOLDER: &str = "fixtures";

const NAMES: [&str; 14] = [
    "cells",
    "cells_dilation_123",
    "cells_dilation_2",
    "cells_size_513",
    "cells_size_513_dilation_221",
    "duplicates",
    "faces_dilation_2",
    "faces_exact",
    "faces_rounded",
    "shell_bounds",
    "shells",
    "shells_dilation_2",
    "single_points",
    "wide",
];

fn check(op: Op) {
    check_fixtures(FOLDER, &NAMES, op, reference::pointwise_conv);
}

#[test]
fn the_operator() {
    check(pointwise_conv);
}

#[test]
fn the_reference() {
    check(reference::pointwise_conv);
}

#[test]
fn the_lists() {
    for name in NAMES {
        let fixture = Fixture::read(FOLDER, name);
        let neighborhood = fixture.batch.neighborhood(&fixture.shape);
        assert_eq!(neighborhood.edges(), fixture.edges, "{name}: edges");
        assert_eq!(neighborhood.run_subdomains().len(), fixture.occupied, "{name}: occupied sub-domains");
    }
}

/// No fixture is left aside.
#[test]
fn every_file_is_read() {
    assert_eq!(fixture_names(FOLDER), NAMES);
}

#[test]
fn with_other_instruction_sets() {
    common::run_again_with_other_instruction_sets("with_other_instruction_sets");
}

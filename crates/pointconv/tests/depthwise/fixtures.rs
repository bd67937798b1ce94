//! The operator against fixtures, written in double precision by `scripts/make_fixtures.py` from the definition alone.

use pointconv::{depthwise_point_conv, reference};

use crate::common::{check_fixtures, fixture_names};

const FOLDER: &str = "depthwise/fixtures";

const NAMES: [&str; 7] = [
    "cells",
    "cells_multiplier_2",
    "cells_size_513_dilation_221",
    "shells_dilation_2",
    "single_points",
    "wide",
    "wide_multiplier_3",
];

#[test]
fn the_operator() {
    check_fixtures(FOLDER, &NAMES, depthwise_point_conv, reference::depthwise_point_conv);
}

#[test]
fn the_reference() {
    check_fixtures(FOLDER, &NAMES, reference::depthwise_point_conv, reference::depthwise_point_conv);
}

/// No fixture is left aside.
#[test]
fn every_file_is_read() {
    assert_eq!(fixture_names(FOLDER), NAMES);
}

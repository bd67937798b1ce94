//! The operators against fixtures, written in double precision by `scripts/make_fixtures.py` from the definition alone:
//! positions in, output and gradients out.

use crate::common::{Fixture, Kind, check_fixtures, fixture_names, lists};

/// The fixtures of an operator.
fn names(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Full => &[
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
        ],
        Kind::Depthwise => &[
            "cells",
            "cells_multiplier_2",
            "cells_size_513_dilation_221",
            "shells_dilation_2",
            "single_points",
            "wide",
            "wide_multiplier_3",
        ],
    }
}

#[test]
fn the_operator() {
    for kind in Kind::ALL {
        check_fixtures(kind, names(kind), kind.op());
    }
}

#[test]
fn the_reference() {
    for kind in Kind::ALL {
        check_fixtures(kind, names(kind), kind.reference());
    }
}

#[test]
fn the_lists() {
    for kind in Kind::ALL {
        for name in names(kind) {
            let fixture = Fixture::read(kind, name);
            let neighborhood = lists(&fixture.clouds, &fixture.shape);
            assert_eq!(neighborhood.edges(), fixture.edges, "{kind:?}, {name}: edges");
            assert_eq!(neighborhood.run_count(), fixture.occupied, "{kind:?}, {name}: occupied sub-domains");
        }
    }
}

/// No fixture is left out.
#[test]
fn every_file_is_read() {
    for kind in Kind::ALL {
        assert_eq!(fixture_names(kind), names(kind));
    }
}

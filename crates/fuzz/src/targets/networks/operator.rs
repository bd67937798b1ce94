//! The operator against its reference, forward and backward.

use arbitrary::{Result, Unstructured};
use burn::tensor::{DType, Device};
use pointconv::Neighborhood;

use self::compare::{magnitudes, round_off};
use self::kind::{Kind, Widths};
use self::pass::{Inputs, Op, Pass, Tracked, pass};
use crate::targets::search::{clouds, valid_shape};

/// What the tests of the operator share.
#[allow(dead_code)]
#[path = "../../../../pointconv/tests/operator/common/compare.rs"]
mod compare;
#[allow(dead_code)]
#[path = "../../../../pointconv/tests/operator/common/kind.rs"]
mod kind;
#[allow(dead_code)]
#[path = "../../../../pointconv/tests/operator/common/pass.rs"]
mod pass;

/// Most sub-domains of a kernel: the reference gathers for each of them.
const SUBDOMAINS: usize = 200;

/// Compares output and gradients on any small clouds.
pub(super) fn agrees(bytes: &[u8]) {
    let _ = check(&mut Unstructured::new(bytes));
}

fn check(bytes: &mut Unstructured<'_>) -> Result<()> {
    let Some(shape) = valid_shape(bytes)?.filter(|shape| shape.subdomains() <= SUBDOMAINS) else {
        return Ok(());
    };
    let (Some(points), Some(centres)) = (clouds(bytes, 12)?, clouds(bytes, 12)?) else { return Ok(()) };
    let device = Device::flex();
    let neighborhood = if bytes.ratio(1, 4)? && points.len() == centres.len() {
        Neighborhood::between(&centres, &points, &shape, &device)
    } else {
        Neighborhood::build(&points, &shape, &device)
    };
    let neighborhood = neighborhood.expect("clouds and shape were checked");
    // Without pairs, the output of the reference is a constant, which has no gradient.
    if neighborhood.edges() == 0 {
        return Ok(());
    }
    let kind = *bytes.choose(&Kind::ALL)?;
    let widths = (bytes.int_in_range(1..=35)?, bytes.int_in_range(1..=kind.choose(35, 3))?);
    let inputs = Inputs::random(kind, &neighborhood, widths, bytes.arbitrary()?);
    let inputs = if bytes.arbitrary()? { inputs } else { inputs.without_bias() };
    let tracked = if bytes.arbitrary()? { Tracked::ALL } else { Tracked::PARAMETERS };
    let run = |op: Op| pass(op, &inputs, &neighborhood, DType::F32, &device, tracked);
    let magnitude = magnitudes(&inputs, &neighborhood);
    let what = format!("{shape:?} {points:?} {widths:?}");
    run(kind.op()).assert_close(&what, &run(kind.reference()), &magnitude, round_off(DType::F32));
    Ok(())
}

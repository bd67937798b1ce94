//! Seeds of independent random streams, derived from one seed.

/// Derives the seed of one random stream from a base seed and the numbers that name the stream.
///
/// Folds `splitmix64` (Steele, Lea, Flood, *Fast splittable pseudorandom number generators*,
/// OOPSLA 2014) over the parts: it starts from `mix(seed)` and each part makes
/// `mix(state ^ part)` of it. Neighbouring parts such as file 7 and file 8 give unrelated seeds, and
/// `[a, b]` differs from `[b, a]` and from `[a]`.
///
/// ```
/// use pointcloud::derive_seed;
///
/// let first = derive_seed(1, &[0, 7]);
/// assert_eq!(first, derive_seed(1, &[0, 7]));
/// assert_ne!(first, derive_seed(1, &[7, 0]));
/// ```
#[must_use]
pub fn derive_seed(seed: u64, stream: &[u64]) -> u64 {
    stream.iter().fold(mix(seed), |state, &part| mix(state ^ part))
}

/// One step of splitmix64: add the golden gamma, then mix the bits.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn first_output_of_splitmix64_with_seed_zero() {
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn streams_do_not_collide() {
        let mut seen = HashSet::new();
        for seed in 0..8 {
            assert!(seen.insert(derive_seed(seed, &[])));
            for a in 0..16 {
                assert!(seen.insert(derive_seed(seed, &[a])));
                for b in 0..16 {
                    assert!(seen.insert(derive_seed(seed, &[a, b])));
                }
            }
        }
    }
}

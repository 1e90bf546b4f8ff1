//! Keeps the nearest few of many candidates in little memory.

/// Keeps the `k` smallest of the distances offered, with their rows.
///
/// Candidates collect in a buffer. When it is full, a selection keeps the best `k` and sets the bound
/// for later candidates. Of equal distances, the smaller row wins if rows are offered in order.
#[derive(Debug)]
pub struct Top {
    k: usize,
    bound: f32,
    found: Vec<(f32, u32)>,
}

/// The minimum capacity of the buffer beyond `k`.
const SPARE: usize = 24;

impl Top {
    /// Creates a buffer for the `k` nearest; `k` must be at least 1.
    pub fn new(k: usize) -> Self {
        Self { k, bound: f32::NAN, found: Vec::with_capacity(k + k.max(SPARE)) }
    }

    /// Distances of at least this bound need not be offered. It is NaN until there is a bound.
    #[inline]
    pub fn bound(&self) -> f32 {
        self.bound
    }

    /// Adds a candidate if it is nearer than the bound.
    #[inline]
    pub fn offer(&mut self, distance: f32, row: u32) {
        if distance >= self.bound {
            return;
        }
        self.found.push((distance, row));
        if self.found.len() == self.found.capacity() {
            self.compact();
        }
    }

    #[inline(never)]
    fn compact(&mut self) {
        if self.found.len() > self.k {
            self.found.select_nth_unstable_by(self.k - 1, order);
            self.found.truncate(self.k);
            self.bound = self.found[self.k - 1].0;
        }
    }

    /// Adds the candidates of another buffer.
    pub fn merge(&mut self, other: Self) {
        self.found.extend(other.found);
        self.compact();
    }

    /// The nearest candidates, nearest first.
    pub fn into_sorted(mut self) -> Vec<(f32, u32)> {
        self.compact();
        self.found.sort_by(order);
        self.found
    }
}

fn order(a: &(f32, u32), b: &(f32, u32)) -> std::cmp::Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};

    #[test]
    fn the_smallest_are_those_of_a_full_sort_also_with_ties() {
        let mut rng = rand::rngs::StdRng::seed_from_u64(1);
        for (count, k, values) in
            [(1, 1, 5), (10, 10, 3), (1000, 7, 50), (5000, 300, 400), (99, 1, 4)]
        {
            let all: Vec<(f32, u32)> =
                (0..count).map(|row| (rng.random_range(0..values) as f32, row)).collect();
            let (left, right) = all.split_at(count as usize / 3);
            let mut top = Top::new(k);
            left.iter().for_each(|&(distance, row)| top.offer(distance, row));
            let mut other = Top::new(k);
            right.iter().for_each(|&(distance, row)| other.offer(distance, row));
            top.merge(other);
            let mut sorted = all;
            sorted.sort_by(order);
            sorted.truncate(k);
            assert_eq!(top.into_sorted(), sorted);
        }
    }
}

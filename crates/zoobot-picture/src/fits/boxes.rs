//! Boxes of pixels along any number of axes, the fastest axis first.

/// The index along each axis of element `n` in a grid of `counts`, the first axis fastest.
pub(super) fn corner(mut n: usize, counts: &[usize]) -> Vec<usize> {
    let mut place = |count: &usize| {
        let at = n % (*count).max(1);
        n /= (*count).max(1);
        at
    };
    counts.iter().map(&mut place).collect()
}

/// Copies the pixels that two boxes share. A box: its first pixel, and its length along each axis.
pub(super) fn copy<T: Copy>(
    from: &[T],
    source: (&[usize], &[usize]),
    target: (&[usize], &[usize]),
    to: &mut [T],
) {
    let shared = source.0.iter().zip(source.1).zip(target.0.iter().zip(target.1));
    let shared: Vec<(usize, usize)> =
        shared.map(|((a, n), (b, m))| (*a.max(b), (a + n).min(b + m))).collect();
    if shared.is_empty() || shared.iter().any(|(start, end)| start >= end) {
        return;
    }
    let spans: Vec<usize> = shared[1..].iter().map(|(start, end)| end - start).collect();
    let width = shared[0].1 - shared[0].0;
    let index = |at: &[usize], place: (&[usize], &[usize])| {
        let mut stride = 1;
        let parts = at.iter().zip(place.0).zip(place.1).map(|((at, start), length)| {
            let part = (at - start) * stride;
            stride *= length;
            part
        });
        parts.sum::<usize>()
    };
    for line in 0..spans.iter().product() {
        let mut at = vec![shared[0].0];
        at.extend(corner(line, &spans).iter().zip(&shared[1..]).map(|(at, (start, _))| at + start));
        let (a, b) = (index(&at, source), index(&at, target));
        to[b..b + width].copy_from_slice(&from[a..a + width]);
    }
}

//! CPU and wall time of one round, and what a series of rounds says.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Cost of one unit of work in one round, in microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// CPU time of this process: user and system, all threads.
    pub cpu_us: f64,
    /// Elapsed time.
    pub wall_us: f64,
}

/// Runs `work` once and spreads its cost over `units`.
///
/// It runs in a task of its own, as what a server does for a request: a runtime wakes its main future through a system
/// call, which would come on top of every wake-up.
pub async fn round<F: Future<Output = ()> + Send + 'static>(units: usize, work: F) -> Cost {
    let (cpu, wall) = (cpu_time(), Instant::now());
    tokio::spawn(work).await.expect("the work panics only when a reply is not whole");
    let (cpu, wall) = (cpu_time() - cpu, wall.elapsed());
    let per_unit = |time: Duration| time.as_secs_f64() * 1e6 / units as f64;
    Cost { cpu_us: per_unit(cpu), wall_us: per_unit(wall) }
}

fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Minimum and median of a series.
pub fn minimum_and_median(mut series: Vec<f64>) -> (f64, f64) {
    series.sort_by(f64::total_cmp);
    (series[0], series[series.len() / 2])
}

/// Median of the round-by-round quotients of two series: a disturbance that lasts hits both.
pub fn ratio(ours: &[f64], theirs: &[f64]) -> f64 {
    minimum_and_median(ours.iter().zip(theirs).map(|(a, b)| a / b).collect()).1
}

use std::io::Write;

use tracing::subscriber::DefaultGuard;

use super::*;

/// What was logged.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Written {
    /// As long as the guard lives.
    fn listen() -> (Written, DefaultGuard) {
        let written = Written::default();
        let to = written.clone();
        let subscriber = tracing_subscriber::fmt().with_max_level(Level::INFO).with_writer(move || to.clone()).finish();
        (written, tracing::subscriber::set_default(subscriber))
    }

    /// The same, once there are some.
    async fn told(&self, part: &str) -> Vec<String> {
        let look = async {
            while self.lines(part).is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(TOLD_AFTER * 10, look).await.expect("it is told");
        self.lines(part)
    }

    fn lines(&self, part: &str) -> Vec<String> {
        String::from_utf8_lossy(&self.0.lock()).lines().filter(|line| line.contains(part)).map(str::to_owned).collect()
    }
}

fn log(log_lines: u32, log_lines_per_second: u32) -> (Arc<Log>, Arc<PluginMetrics>) {
    let limits = Limits { memory: 0, deadline: Duration::ZERO, output: 0, host_calls: 0, log_lines, log_lines_per_second, instances: 1 };
    let metrics = Arc::<PluginMetrics>::default();
    (Arc::new(Log::new("chatty".into(), &limits, metrics.clone())), metrics)
}

/// One call that logs so many lines.
fn call(log: &Arc<Log>, lines: u32) {
    let mut call = LogLines::new(log.clone(), log.limits.log_lines);
    (0..lines).for_each(|_| call.write(WitLevel::Info, "a line".to_owned()));
}

#[tokio::test]
async fn lines_beyond_the_rate_of_all_calls_are_dropped_and_told_of_once() {
    let (written, _listening) = Written::listen();
    let (log, metrics) = log(3, 10);
    (0..20).for_each(|_| call(&log, 2));
    let kept = written.lines("a line").len();
    // The bucket goes by the clock, and may get a few tokens meanwhile.
    assert!((10..20).contains(&kept), "{kept}");
    assert_eq!(metrics.read().dropped_lines, 40 - kept as u64);
    let told = written.told("were dropped").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(&format!("{} of a plugin's lines were dropped: it may log 3 in a call and 10 in a second", 40 - kept)), "{told:?}");
    assert!(told[0].contains("chatty"), "{told:?}");
}

#[tokio::test]
async fn lines_beyond_those_of_one_call_are_told_of_in_the_same_way() {
    let (written, _listening) = Written::listen();
    let (log, metrics) = log(3, 1000);
    (0..2).for_each(|_| call(&log, 5));
    assert_eq!((written.lines("a line").len(), metrics.read().dropped_lines), (6, 4));
    assert_eq!(written.told("4 of a plugin's lines were dropped").await.len(), 1);
    call(&log, 4);
    assert_eq!(written.told("1 of a plugin's lines were dropped").await.len(), 1, "the count begins anew");
}

#[tokio::test]
async fn a_line_that_nobody_listens_to_takes_nothing_from_the_others() {
    let (written, _listening) = Written::listen();
    let (log, metrics) = log(1000, 5);
    let mut call = LogLines::new(log, 1000);
    (0..100).for_each(|_| call.write(WitLevel::Debug, "in detail".to_owned()));
    call.write(WitLevel::Info, "a line".to_owned());
    assert_eq!((written.lines("in detail").len(), written.lines("a line").len(), metrics.read().dropped_lines), (0, 1, 0));
}

/// A panic's text is what the failure says, whatever was logged before it.
#[tokio::test]
async fn the_last_error_is_kept_when_its_line_is_dropped() {
    let (_written, _listening) = Written::listen();
    let (log, _) = log(1, 1);
    let mut call = LogLines::new(log, 1);
    call.write(WitLevel::Info, "a line".to_owned());
    call.write(WitLevel::Error, "index 5 of 3".to_owned());
    assert_eq!(call.last_error(), Some("index 5 of 3"));
}

use super::{Load, microseconds, parse};

const PRINTED: &str = "Running 4s test @ https://127.0.0.1:8443/
  2 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.50ms    1.10ms  20.11ms   89.93%
    Req/Sec     5.62k   501.37     6.71k    72.50%
  Latency Distribution
     50%    1.25ms
     75%    1.79ms
     90%    2.56ms
     99%    5.82ms
  44792 requests in 4.00s, 52.40MB read
Requests/sec:  11188.07
Transfer/sec:     13.09MB
";

#[test]
fn what_wrk_prints_is_read() {
    let load = parse(PRINTED).ok();
    assert_eq!(load, Some(Load { requests: 44792.0, rate: 11188.07, p50: 1250.0, p99: 5820.0 }));
}

#[test]
fn refusals_are_no_figure() {
    let refused = PRINTED.replace("Requests/sec:", "  Non-2xx or 3xx responses: 44792\nRequests/sec:");
    assert!(parse(&refused).is_err_and(|e| e.to_string().contains("Non-2xx")));
    assert!(parse("").is_err());
}

#[test]
fn times_have_units() {
    for (text, expected) in [("812.00us", 812.0), ("1.25ms", 1250.0), ("2.00s", 2_000_000.0)] {
        assert_eq!(microseconds(text).ok(), Some(expected), "{text}");
    }
    assert!(microseconds("12").is_err());
}

use super::*;

#[tokio::test]
async fn work_runs_beside_the_runtime_and_may_wait_for_it() {
    let waited = run(|| Handle::current().block_on(async { tokio::time::sleep(std::time::Duration::from_millis(1)).await; 7 })).await;
    assert_eq!(waited, Ok(7));
}

#[tokio::test]
async fn it_stands_back() {
    let nice = run(|| rustix::process::getpriority_process(None).unwrap()).await.unwrap();
    assert_eq!(nice, NICE);
    assert!(rustix::process::getpriority_process(None).unwrap() < NICE, "and its caller does not");
}

/// Without privileges the idle class cannot be left, so this asks on a thread of its own.
#[cfg(target_os = "linux")]
#[test]
fn who_stands_last_is_in_the_idle_class() {
    let class = std::thread::spawn(|| {
        stand_last();
        thread_priority::thread_schedule_policy().unwrap()
    });
    assert_eq!(class.join().unwrap(), ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle));
}

#[tokio::test]
async fn a_panic_is_an_answer() {
    assert_eq!(run(|| panic!("the compiler gave up")).await, Err::<(), _>("the compiler gave up".to_owned()));
}

//! Those that go live: they are good until they are asked.

use super::Animal;
use crate::component::{HOARDS, LOOPS, NO_OPINION, Parts, RECURSES, TRAPS};

const LOG: &str = r#"(import "portcullis:policy/log@0.1.0" "write" (func $log (param i32 i32 i32)))"#;
const GET: &str = r#"(import "portcullis:policy/documents@0.1.0" "[method]document.get" (func $get (param i32 i32 i32 i32)))"#;
const DROP: &str = r#"(import "portcullis:policy/documents@0.1.0" "[resource-drop]document" (func $drop (param i32)))"#;
const PREVIEW: &str = r#"(import "portcullis:policy/documents@0.1.0" "[method]document.preview" (func $preview (param i32 i32)))"#;
const NOW: &str = r#"(import "portcullis:policy/clock@0.1.0" "now" (func $now (result i64)))"#;
const GET_ALL: &str = r#"(import "portcullis:policy/documents@0.1.0" "[method]document.get-all" (func $get_all (param i32 i32 i32 i32)))"#;

/// Repeats something so often.
fn repeat(times: u32, what: &str) -> String {
    format!("(local.set $x (i32.const {times})) (loop $repeat {what} (br_if $repeat (local.tee $x (i32.sub (local.get $x) (i32.const 1)))))")
}

fn guard(name: &'static str, parts: &Parts, told: &'static str) -> Animal {
    Animal::new(name, "guard", parts.build(), Some(told))
}

fn with_body(name: &'static str, parts: &Parts, told: Option<&'static str>) -> Animal {
    Animal { body: true, ..Animal::new(name, "guard", parts.build(), told) }
}

/// Has no opinion, once it has seen what the API server says to a dry run: as slow as the cluster is.
#[must_use]
pub fn waits_for_the_cluster() -> Vec<u8> {
    let evaluate = format!(
        "(call $preview (i32.load offset=212 (local.get $facts)) (i32.const 4096))
         (if (i32.eqz (i32.load8_u (i32.const 4096))) (then (call $drop (i32.load offset=4 (i32.const 4096)))))
         (call $drop (i32.load offset=212 (local.get $facts))) {NO_OPINION}"
    );
    Parts::guard(&evaluate).imports(&format!("{PREVIEW}{DROP}")).build()
}

/// All of them.
#[must_use]
pub fn at_request() -> Vec<Animal> {
    [stall(), exhaust(), escape(), lie(), maskers()].concat()
}

fn stall() -> Vec<Animal> {
    vec![
        guard("loop", &Parts::guard(LOOPS), "did not answer within its 50ms"),
        guard("trap", &Parts::guard(TRAPS), "panicked"),
        // The first time is when it is configured.
        guard(
            "loop-in-realloc",
            &Parts::guard(NO_OPINION).also("(global $n (mut i32) (i32.const 0))").realloc(
                "(global.set $n (i32.add (global.get $n) (i32.const 1)))
                 (if (i32.gt_u (global.get $n) (i32.const 1)) (then (loop $for_ever (br $for_ever))))",
            ),
            "did not answer within its 50ms",
        ),
        guard(
            "loop-in-post-return",
            &Parts::guard(NO_OPINION).also(r#"(func (export "cabi_post_evaluate") (param i32) (loop $for_ever (br $for_ever)))"#),
            "did not answer within its 50ms",
        ),
        guard("loop-in-the-log", &Parts::guard(&format!("(loop $for_ever (call $log (i32.const 1) (i32.const 1104) (i32.const 7)) (br $for_ever)) {TRAPS}")).imports(LOG), "more than 4096 times"),
    ]
}

fn exhaust() -> Vec<Animal> {
    vec![
        guard("memory", &Parts::guard(HOARDS), "bytes of memory and may have 16777216"),
        guard("memory-by-pages", &Parts::guard(&format!("(loop $more (drop (memory.grow (i32.const 1))) (br $more)) {TRAPS}")), "bytes of memory and may have 16777216"),
        guard("stack", &Parts::guard(RECURSES), "ran out of stack"),
        guard(
            "table",
            &Parts::guard(&format!("(drop (table.grow $t (ref.null func) (i32.const 50000))) {NO_OPINION}")).also("(table $t 1 funcref)"),
            "asked for 50001 elements in its tables and may have 20000",
        ),
        guard("output", &Parts::guard("(drop (memory.grow (i32.const 160))) (call $allow (i32.const 4096) (i32.const 10000000))"), "handed over more than the 1048576 bytes"),
        guard(
            "output-to-the-log",
            &Parts::guard(&format!("(drop (memory.grow (i32.const 160))) (call $log (i32.const 1) (i32.const 4096) (i32.const 10000000)) {NO_OPINION}")).imports(LOG),
            "handed over more than the 1048576 bytes",
        ),
        // Every line past the 64th is dropped: the call is not refused, and the log does not grow.
        Animal::new("log", "guard", Parts::guard(&format!("{} {NO_OPINION}", repeat(4000, "(call $log (i32.const 1) (i32.const 1104) (i32.const 7))"))).imports(LOG).build(), None),
        // Few lines in each call, and no end of calls: it asks the clock, so that its verdict is not remembered.
        Animal {
            more: ", limits: { log-lines-per-second: 20 }",
            ..Animal::new(
                "log-on-each-call",
                "guard",
                Parts::guard(&format!("(drop (call $now)) {} {NO_OPINION}", repeat(4, "(call $log (i32.const 1) (i32.const 1104) (i32.const 7))"))).imports(&format!("{LOG}{NOW}")).build(),
                None,
            )
        },
        with_body(
            "host-calls",
            &Parts::guard(&format!(
                "{} {NO_OPINION}",
                repeat(5000, "(call $get (i32.load offset=212 (local.get $facts)) (i32.const 1104) (i32.const 7) (i32.const 128))")
            ))
            .imports(GET),
            Some("more than 4096 times"),
        ),
        with_body(
            "whole-body-over-and-over",
            &Parts::guard(&format!(
                "{} (call $get_all (i32.load offset=212 (local.get $facts)) (i32.const 8192) (i32.const 2000) (i32.const 128)) {NO_OPINION}",
                repeat(2000, "(i32.store (i32.add (i32.const 8184) (i32.mul (local.get $x) (i32.const 8))) (i32.const 1104))")
            ))
            .imports(GET_ALL),
            Some("2000 pointers at once"),
        ),
        // A pointer of 50,000 steps leads nowhere in an object of three.
        with_body(
            "deep-pointer",
            &Parts::guard(&format!(
                "(drop (memory.grow (i32.const 2))) {} (call $get (i32.load offset=212 (local.get $facts)) (i32.const 196608) (i32.const 100000) (i32.const 128))
                 (call $drop (i32.load offset=212 (local.get $facts))) {NO_OPINION}",
                repeat(50_000, "(i32.store16 (i32.add (i32.const 196606) (i32.mul (local.get $x) (i32.const 2))) (i32.const 0x612f))")
            ))
            .imports(&format!("{GET}{DROP}")),
            None,
        ),
    ]
}

fn escape() -> Vec<Animal> {
    vec![
        guard("handle-made-up", &Parts::guard(&format!("(call $get (i32.const 7) (i32.const 1104) (i32.const 7) (i32.const 128)) {NO_OPINION}")).imports(GET), "unknown handle index 7"),
        with_body(
            "handle-dropped-twice",
            &Parts::guard(&format!("(call $drop (i32.load offset=212 (local.get $facts))) (call $drop (i32.load offset=212 (local.get $facts))) {NO_OPINION}"))
                .imports(&format!("{GET}{DROP}")),
            Some("unknown handle index"),
        ),
        with_body(
            "handle-kept",
            &Parts::guard(&format!("(call $get (i32.load offset=212 (local.get $facts)) (i32.const 1104) (i32.const 7) (i32.const 128)) {NO_OPINION}")).imports(GET),
            Some("borrow handles still remain"),
        ),
        // The instance of another request, or of another plugin, has the same numbers and other handles.
        with_body(
            "handle-of-another",
            &Parts::guard(&format!(
                "(call $get (i32.add (i32.load offset=212 (local.get $facts)) (i32.const 1)) (i32.const 1104) (i32.const 7) (i32.const 128)) {NO_OPINION}"
            ))
            .imports(GET),
            Some("unknown handle index"),
        ),
        guard("beyond-its-memory", &Parts::guard("(i32.load (i32.const -8))"), "out of bounds"),
        guard("function-that-is-none", &Parts::guard("(call_indirect $t (result i32) (i32.const 99))").also("(table $t 1 funcref)"), "trapped"),
    ]
}

fn lie() -> Vec<Animal> {
    vec![
        guard("text-that-is-none", &Parts::guard("(i32.store16 (i32.const 2048) (i32.const 0xfffe)) (call $allow (i32.const 2048) (i32.const 2))"), "utf-8"),
        guard("verdict-that-is-none", &Parts::guard("(i32.store8 (i32.const 64) (i32.const 9)) (i32.const 64)"), "discriminant"),
        guard("text-beyond-its-memory", &Parts::guard("(call $allow (i32.const 100) (i32.const 0x7fffffff))"), "out of bounds"),
        guard("answer-beyond-its-memory", &Parts::guard("(i32.const -4)"), "out of bounds"),
        guard("answer-between-the-words", &Parts::guard("(i32.const 65)"), "not aligned"),
        guard("rule-without-a-name", &Parts::guard("(call $allow (i32.const 0) (i32.const 0))"), "0 bytes, and may have 1 to 256"),
        guard("rule-of-100-kb", &Parts::guard("(drop (memory.grow (i32.const 2))) (call $allow (i32.const 196608) (i32.const 100000))"), "100000 bytes, and may have 1 to 256"),
        guard(
            "rule-that-moves-the-cursor",
            &Parts::guard("(i32.store (i32.const 2048) (i32.const 0x324a5b1b)) (call $allow (i32.const 2048) (i32.const 4))"),
            "the name of its rule holds a control character",
        ),
    ]
}

/// A pattern that takes gigabytes when it is compiled.
const BOMB: &str = "((((a{1,100}){1,100}){1,100}){1,100}){1,100}";

/// A plan at 64: rules at 64 and 68, strings that hold copies at 72 and 76, each as address and length.
fn plan(rules: (u32, u32), embedded: (u32, u32)) -> String {
    let words = [rules.0, rules.1, embedded.0, embedded.1];
    let store = |(i, word): (usize, &u32)| format!("(i32.store (i32.const {}) (i32.const {word}))", 64 + 4 * i);
    words.iter().enumerate().map(store).collect::<String>() + "(i32.const 64)"
}

fn maskers() -> Vec<Animal> {
    let masker = |name, parts: Parts, told| Animal::new(name, "masker", parts.build(), Some(told));
    // A rule takes 40 bytes: name, paths, names (an option), patterns, encoding, action. This one is all zeros but its name and one pattern.
    let bomb = format!(
        r#"(data (i32.const 2048) "\50\04\00\00\07\00\00\00") (data (i32.const 2076) "\48\08\00\00\01\00\00\00")
           (data (i32.const 2120) "\98\08\00\00\{:02x}\00\00\00") (data (i32.const 2200) "{BOMB}")"#,
        BOMB.len()
    );
    let fill = repeat(
        200_000,
        "(i32.store (i32.add (i32.const 199992) (i32.mul (local.get $x) (i32.const 8))) (i32.const 65536))
         (i32.store (i32.add (i32.const 199996) (i32.mul (local.get $x) (i32.const 8))) (i32.const 80000))",
    );
    vec![
        masker("plan-that-loops", Parts::masker(LOOPS, TRAPS), "did not answer within its 50ms"),
        masker("plan-with-a-pattern-bomb", Parts::masker(&plan((2048, 1), (0, 0)), TRAPS).also(&bomb), "pattern"),
        // A list of 200,000 texts that are all the same 80,000 bytes: small in the guest, 16 GB in the gateway.
        masker(
            "plan-of-one-text-over-and-over",
            Parts::masker(&format!("(drop (memory.grow (i32.const 40))) {fill} {}", plan((0, 0), (200_000, 200_000))), TRAPS),
            "handed over more than the 16777216 bytes",
        ),
        masker("plan-of-a-list-without-end", Parts::masker(&plan((4096, 0x1000_0000), (0, 0)), TRAPS), "out of bounds"),
    ]
}

//! One macro for each world. All take the same keys, in this order:
//!
//! | key | is | without it |
//! | --- | --- | --- |
//! | `name` | the plugin's name in kebab case | the crate's name |
//! | `summary` | one sentence: what it is for | the crate's `description` |
//! | `config` | the type of the configuration: `Deserialize + JsonSchema` | |
//! | `schema` | a file with the configuration's schema, which a test keeps current | the component makes the schema when asked, and is larger |
//! | `validate` | `fn(&Config) -> Result<(), String>`: what the types cannot say | whatever parses is valid |
//! | the world's own | its function, with the signature of the table in the crate's documentation | |

/// The parts that all worlds share: the slot for the configuration, `describe`, `configure`.
#[doc(hidden)]
#[macro_export]
macro_rules! __plugin {
    ([$($name:expr)?], [$($summary:expr)?], $config:ty, [$($schema:expr)?], [$($validate:expr)?]) => {
        const _: () = $crate::export::configuration_needs_derive_deserialize_and_jsonschema::<$config>();

        static CONFIGURATION: $crate::export::Slot<$config> = $crate::export::Slot::new();

        struct Component;

        impl $crate::bindings::common::exports::portcullis::policy::plugin::Guest for Component {
            fn describe() -> $crate::bindings::common::exports::portcullis::policy::plugin::Description {
                let name = [$($name,)? ::core::env!("CARGO_PKG_NAME")][0];
                let summary = [$($summary,)? ::core::env!("CARGO_PKG_DESCRIPTION")][0];
                $crate::export::describe(name, ::core::env!("CARGO_PKG_VERSION"), summary, $crate::__schema!($config $(, $schema)?))
            }

            fn configure(configuration: ::std::string::String) -> ::core::result::Result<(), ::std::string::String> {
                type Validate = fn(&$config) -> ::core::result::Result<(), ::std::string::String>;
                let validate: Validate = [$($validate as Validate,)? (|_| Ok(())) as Validate][0];
                CONFIGURATION.take(&configuration, validate)
            }
        }
    };
}

/// The schema of a configuration, as JSON text: from a file, or as `portcullis plugin build` has made it natively and handed it in. Whoever
/// builds without that gets a component that makes it when it is asked, which is 120 KB larger.
#[doc(hidden)]
#[macro_export]
macro_rules! __schema {
    ($config:ty) => {
        match ::core::option_env!("PORTCULLIS_SCHEMA") {
            ::core::option::Option::Some(made) => ::std::string::String::from(made),
            ::core::option::Option::None => $crate::export::schema::<$config>(),
        }
    };
    ($config:ty, $schema:expr) => {
        ::core::include_str!($schema).to_owned()
    };
}

/// A test that keeps a schema's file current; without a file, one that shows that the schema can be made.
#[doc(hidden)]
#[macro_export]
macro_rules! __schema_test {
    ($config:ty) => {
        #[cfg(test)]
        mod portcullis_schema {
            use super::*;

            #[test]
            fn the_schema_can_be_made() {
                $crate::testing::make_schema::<$config>();
            }
        }
    };
    ($config:ty, $schema:expr) => {
        #[cfg(test)]
        mod portcullis_schema {
            use super::*;

            #[test]
            fn the_schema_file_is_current() {
                let file = ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/src/", $schema);
                $crate::testing::check_schema::<$config>(file);
            }
        }
    };
}

/// The exports, which exist in a component only: natively two plugins may be linked into one program.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($world:ident, $function:ident) => {
        // Natively nothing calls these: without a mention the compiler would call the author's functions dead.
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            let _ = <Component as $crate::bindings::common::exports::portcullis::policy::plugin::Guest>::configure;
            let _ = <Component as $crate::bindings::$world::Guest>::$function;
        };

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            $crate::bindings::common::export_plugin!(Component with_types_in $crate::bindings::common);
            $crate::bindings::$world::export!(Component with_types_in $crate::bindings::$world);
        };
    };
}

/// A guard: judges one request.
///
/// ```
/// use portcullis_sdk::{JsonSchema, Request, Verdict};
/// #[derive(serde::Deserialize, JsonSchema)]
/// struct Config { namespace: String }
///
/// fn judge(config: &Config, request: &Request) -> Verdict {
///     if request.is_write() && request.namespace() == Some(&config.namespace) {
///         return Verdict::deny("read-only", "this namespace is read-only").remedy("ask its owners to make the change");
///     }
///     Verdict::NoOpinion
/// }
///
/// portcullis_sdk::guard! { name: "read-only", config: Config, evaluate: judge }
/// ```
///
/// The keys are described at [the crate](crate#the-six-worlds). All guards of a bundle run and the strictest verdict wins, so a guard
/// says [`Verdict::NoOpinion`](crate::Verdict::NoOpinion) of what is none of its business.
#[macro_export]
macro_rules! guard {
    ($(name: $name:expr,)? $(summary: $summary:expr,)? config: $config:ty, $(schema: $schema:expr,)? $(validate: $validate:expr,)? evaluate: $evaluate:expr $(,)?) => {
        #[allow(dead_code, non_camel_case_types)]
        enum a_crate_is_one_plugin_so_it_has_one_of_these_macros {}

        const _: () = {
            $crate::__plugin!([$($name)?], [$($summary)?], $config, [$($schema)?], [$($validate)?]);

            impl $crate::bindings::guard::Guest for Component {
                fn evaluate(
                    facts: $crate::Facts,
                    body: ::core::option::Option<&$crate::bindings::guard::Document>,
                ) -> $crate::Verdict {
                    let evaluate: fn(&$config, &$crate::Request<'_>) -> $crate::Verdict = $evaluate;
                    evaluate(CONFIGURATION.get(), &$crate::Request::of_host(facts, body))
                }
            }

            $crate::__export!(guard, evaluate);
        };
        $crate::__schema_test!($config $(, $schema)?);
    };
    ($($else:tt)*) => {
        ::core::compile_error!("`guard!` takes its keys in this order: `name`, `summary`, `config`, `schema`, `validate`, `evaluate`. Needed are two: `guard! { config: Config, evaluate: your_function }`, with `fn your_function(&Config, &Request) -> Verdict`");
    };
}

/// An approval router: says who must approve, and how.
///
/// ```
/// use portcullis_sdk::{Finding, GrantScope, JsonSchema, Request, Route, Waiting};
/// #[derive(serde::Deserialize, JsonSchema)]
/// struct Config { group: String }
///
/// fn route(config: &Config, _request: &Request, _findings: &[Finding]) -> Option<Route> {
///     Some(Route {
///         groups: vec![config.group.clone()],
///         subjects: vec![],
///         needed: 1,
///         expires_after: 900,
///         waiting: Waiting::Hold(60),
///         scope: GrantScope::ThisVersion,
///     })
/// }
///
/// portcullis_sdk::approval_router! { config: Config, route: route }
/// ```
///
/// A router that returns nothing leaves the request to the next one.
#[macro_export]
macro_rules! approval_router {
    ($(name: $name:expr,)? $(summary: $summary:expr,)? config: $config:ty, $(schema: $schema:expr,)? $(validate: $validate:expr,)? route: $route:expr $(,)?) => {
        #[allow(dead_code, non_camel_case_types)]
        enum a_crate_is_one_plugin_so_it_has_one_of_these_macros {}

        const _: () = {
            $crate::__plugin!([$($name)?], [$($summary)?], $config, [$($schema)?], [$($validate)?]);

            impl $crate::bindings::approval_router::Guest for Component {
                fn route_approval(
                    facts: $crate::Facts,
                    body: ::core::option::Option<&$crate::bindings::approval_router::Document>,
                    findings: ::std::vec::Vec<$crate::Finding>,
                ) -> ::core::option::Option<$crate::Route> {
                    type Route = fn(&$config, &$crate::Request<'_>, &[$crate::Finding]) -> ::core::option::Option<$crate::Route>;
                    let route: Route = $route;
                    route(CONFIGURATION.get(), &$crate::Request::of_host(facts, body), &findings)
                }
            }

            $crate::__export!(approval_router, route_approval);
        };
        $crate::__schema_test!($config $(, $schema)?);
    };
    ($($else:tt)*) => {
        ::core::compile_error!("`approval_router!` takes its keys in this order: `name`, `summary`, `config`, `schema`, `validate`, `route`. Needed are two: `approval_router! { config: Config, route: your_function }`, with `fn your_function(&Config, &Request, &[Finding]) -> Option<Route>`");
    };
}

/// A masker: plans which values of the answers are masked; the gateway carries the plan out. With `inspect`, a
/// `fn(&Config, &[Candidate]) -> Vec<Option<String>>`, it also judges the values that rules with the action
/// [`Action::Inspect`](crate::Action::Inspect) met.
///
/// ```
/// use portcullis_sdk::{Action, Encoding, JsonSchema, MaskRule, Plan, ResponseKind};
/// #[derive(serde::Deserialize, JsonSchema)]
/// struct Config {}
///
/// fn plan(_config: &Config, kind: &ResponseKind) -> Plan {
///     let mut plan = Plan { rules: vec![], embedded: vec![] };
///     if kind.group == "example.com" && kind.resource == "vaults" {
///         plan.rules.push(MaskRule {
///             name: "vault-keys".into(),
///             paths: vec!["/spec/keys/*".into()],
///             names: None,
///             patterns: vec![],
///             encoding: Encoding::Text,
///             action: Action::Token,
///         });
///     }
///     plan
/// }
///
/// portcullis_sdk::masker! { config: Config, plan: plan }
/// ```
#[macro_export]
macro_rules! masker {
    ($(name: $name:expr,)? $(summary: $summary:expr,)? config: $config:ty, $(schema: $schema:expr,)? $(validate: $validate:expr,)? plan: $plan:expr $(, inspect: $inspect:expr)? $(,)?) => {
        #[allow(dead_code, non_camel_case_types)]
        enum a_crate_is_one_plugin_so_it_has_one_of_these_macros {}

        const _: () = {
            $crate::__plugin!([$($name)?], [$($summary)?], $config, [$($schema)?], [$($validate)?]);

            impl $crate::bindings::masker::Guest for Component {
                fn plan_masking(kind: $crate::ResponseKind) -> $crate::Plan {
                    let plan: fn(&$config, &$crate::ResponseKind) -> $crate::Plan = $plan;
                    plan(CONFIGURATION.get(), &kind)
                }

                fn inspect(
                    candidates: ::std::vec::Vec<$crate::Candidate>,
                ) -> ::std::vec::Vec<::core::option::Option<::std::string::String>> {
                    type Inspect = fn(&$config, &[$crate::Candidate]) -> ::std::vec::Vec<::core::option::Option<::std::string::String>>;
                    // Without a function of its own a masker asked for no inspection: whatever is given to it is hidden.
                    let inspect: Inspect =
                        [$($inspect as Inspect,)? (|_, all| all.iter().map(|_| Some("***".into())).collect()) as Inspect][0];
                    inspect(CONFIGURATION.get(), &candidates)
                }
            }

            $crate::__export!(masker, plan_masking);
        };
        $crate::__schema_test!($config $(, $schema)?);
    };
    ($($else:tt)*) => {
        ::core::compile_error!("`masker!` takes its keys in this order: `name`, `summary`, `config`, `schema`, `validate`, `plan`, and last `inspect`. Needed are two: `masker! { config: Config, plan: your_function }`, with `fn your_function(&Config, &ResponseKind) -> Plan`");
    };
}

/// An audit sink: delivers records of the ledger somewhere else, in order, at least once. It returns the position up to
/// which everything is delivered, exclusive: `batch.first + batch.records.len() as u64` when all is.
///
/// ```
/// use portcullis_sdk::{Batch, Failure, JsonSchema, http};
/// #[derive(serde::Deserialize, JsonSchema)]
/// struct Config { url: String }
///
/// fn deliver(config: &Config, batch: &Batch) -> Result<u64, Failure> {
///     let body = format!("[{}]", batch.records.join(","));
///     let answer = http::send(&http::post_json(&config.url, &[], body)).map_err(|message| Failure { message, retry: true })?;
///     match answer.status {
///         200..300 => Ok(batch.first + batch.records.len() as u64),
///         status => Err(Failure { message: format!("{} answered {status}", config.url), retry: http::may_help_again(status) }),
///     }
/// }
///
/// portcullis_sdk::audit_sink! { config: Config, deliver: deliver }
/// ```
#[macro_export]
macro_rules! audit_sink {
    ($(name: $name:expr,)? $(summary: $summary:expr,)? config: $config:ty, $(schema: $schema:expr,)? $(validate: $validate:expr,)? deliver: $deliver:expr $(,)?) => {
        #[allow(dead_code, non_camel_case_types)]
        enum a_crate_is_one_plugin_so_it_has_one_of_these_macros {}

        const _: () = {
            $crate::__plugin!([$($name)?], [$($summary)?], $config, [$($schema)?], [$($validate)?]);

            impl $crate::bindings::audit_sink::Guest for Component {
                fn deliver(batch: $crate::Batch) -> ::core::result::Result<u64, $crate::Failure> {
                    let deliver: fn(&$config, &$crate::Batch) -> ::core::result::Result<u64, $crate::Failure> = $deliver;
                    deliver(CONFIGURATION.get(), &batch)
                }
            }

            $crate::__export!(audit_sink, deliver);
        };
        $crate::__schema_test!($config $(, $schema)?);
    };
    ($($else:tt)*) => {
        ::core::compile_error!("`audit_sink!` takes its keys in this order: `name`, `summary`, `config`, `schema`, `validate`, `deliver`. Needed are two: `audit_sink! { config: Config, deliver: your_function }`, with `fn your_function(&Config, &Batch) -> Result<u64, Failure>`");
    };
}

/// A notifier: tells approvers that something waits for them, or how it ended.
///
/// ```
/// use portcullis_sdk::{JsonSchema, Notice, NotifyFailure, http};
/// #[derive(serde::Deserialize, JsonSchema)]
/// struct Config { url: String }
///
/// fn notify(config: &Config, notice: &Notice) -> Result<(), NotifyFailure> {
///     http::send(&http::post_json(&config.url, &[], notice.approval.clone()))
///         .map(|_| ())
///         .map_err(|message| NotifyFailure { message, retry: true })
/// }
///
/// portcullis_sdk::notifier! { config: Config, notify: notify }
/// ```
#[macro_export]
macro_rules! notifier {
    ($(name: $name:expr,)? $(summary: $summary:expr,)? config: $config:ty, $(schema: $schema:expr,)? $(validate: $validate:expr,)? notify: $notify:expr $(,)?) => {
        #[allow(dead_code, non_camel_case_types)]
        enum a_crate_is_one_plugin_so_it_has_one_of_these_macros {}

        const _: () = {
            $crate::__plugin!([$($name)?], [$($summary)?], $config, [$($schema)?], [$($validate)?]);

            impl $crate::bindings::notifier::Guest for Component {
                fn notify(notice: $crate::Notice) -> ::core::result::Result<(), $crate::NotifyFailure> {
                    let notify: fn(&$config, &$crate::Notice) -> ::core::result::Result<(), $crate::NotifyFailure> = $notify;
                    notify(CONFIGURATION.get(), &notice)
                }
            }

            $crate::__export!(notifier, notify);
        };
        $crate::__schema_test!($config $(, $schema)?);
    };
    ($($else:tt)*) => {
        ::core::compile_error!("`notifier!` takes its keys in this order: `name`, `summary`, `config`, `schema`, `validate`, `notify`. Needed are two: `notifier! { config: Config, notify: your_function }`, with `fn your_function(&Config, &Notice) -> Result<(), NotifyFailure>`");
    };
}

/// A session policy: says who may open a session, and on what terms.
///
/// ```
/// use portcullis_sdk::{Answer, Ask, Finding, JsonSchema, Terms};
/// #[derive(serde::Deserialize, JsonSchema)]
/// struct Config {}
///
/// fn open(_config: &Config, ask: &Ask) -> Answer {
///     match &ask.purpose {
///         Some(_) => Answer::Open(Terms { ttl: 1800, idle: 600, requests: None }),
///         None => Answer::Refuse(Finding::new("purpose", "a session needs a purpose").remedy("open it with --purpose")),
///     }
/// }
///
/// portcullis_sdk::session_policy! { config: Config, open: open }
/// ```
#[macro_export]
macro_rules! session_policy {
    ($(name: $name:expr,)? $(summary: $summary:expr,)? config: $config:ty, $(schema: $schema:expr,)? $(validate: $validate:expr,)? open: $open:expr $(,)?) => {
        #[allow(dead_code, non_camel_case_types)]
        enum a_crate_is_one_plugin_so_it_has_one_of_these_macros {}

        const _: () = {
            $crate::__plugin!([$($name)?], [$($summary)?], $config, [$($schema)?], [$($validate)?]);

            impl $crate::bindings::session_policy::Guest for Component {
                fn open_session(ask: $crate::Ask) -> $crate::Answer {
                    let open: fn(&$config, &$crate::Ask) -> $crate::Answer = $open;
                    open(CONFIGURATION.get(), &ask)
                }
            }

            $crate::__export!(session_policy, open_session);
        };
        $crate::__schema_test!($config $(, $schema)?);
    };
    ($($else:tt)*) => {
        ::core::compile_error!("`session_policy!` takes its keys in this order: `name`, `summary`, `config`, `schema`, `validate`, `open`. Needed are two: `session_policy! { config: Config, open: your_function }`, with `fn your_function(&Config, &Ask) -> Answer`");
    };
}

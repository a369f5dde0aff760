//! What `wit-bindgen` makes of `wit/v0.1.0`. Authors never name this module: the crate's root has everything.
//!
//! One invocation makes the shared interfaces, with the export `plugin` that all worlds have, and one for each world only what
//! is the world's own (see build.rs), so that a `Finding` is the same type everywhere. Each export macro carries its world's
//! type section: a component has those of the two that it invokes, and imports that it never calls are dropped by the linker.
#![allow(missing_docs, unsafe_code, unused, clippy::all)]

pub mod common {
    wit_bindgen::generate!({
        path: concat!(env!("OUT_DIR"), "/wit"),
        inline: "
            package portcullis:sdk;
            world common {
                import portcullis:policy/types@0.1.0;
                import portcullis:policy/documents@0.1.0;
                import portcullis:policy/log@0.1.0;
                import portcullis:policy/clock@0.1.0;
                import portcullis:policy/cluster@0.1.0;
                import portcullis:policy/counter@0.1.0;
                import portcullis:policy/http@0.1.0;
                export portcullis:policy/plugin@0.1.0;
            }
        ",
        generate_all,
        generate_unused_types: true,
        additional_derives: [Clone, PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_plugin",
        runtime_path: "::portcullis_sdk::wit_bindgen::rt",
    });
}

/// One world: a module of its own, with the shared interfaces that it uses taken from `common`.
macro_rules! world {
    ($module:ident, $world:tt, [$($interface:tt $path:ident),*]) => {
        pub mod $module {
            wit_bindgen::generate!({
                path: concat!(env!("OUT_DIR"), "/wit"),
                world: $world,
                with: { $($interface: crate::bindings::common::portcullis::policy::$path),* },
                generate_unused_types: true,
                additional_derives: [Clone, PartialEq],
                pub_export_macro: true,
                type_section_suffix: $world,
                runtime_path: "::portcullis_sdk::wit_bindgen::rt",
            });
        }
    };
}

world!(guard, "guard", ["portcullis:policy/types@0.1.0" types, "portcullis:policy/documents@0.1.0" documents, "portcullis:policy/log@0.1.0" log, "portcullis:policy/clock@0.1.0" clock, "portcullis:policy/cluster@0.1.0" cluster, "portcullis:policy/counter@0.1.0" counter]);
world!(approval_router, "approval-router", ["portcullis:policy/types@0.1.0" types, "portcullis:policy/documents@0.1.0" documents, "portcullis:policy/log@0.1.0" log, "portcullis:policy/clock@0.1.0" clock, "portcullis:policy/cluster@0.1.0" cluster]);
world!(masker, "masker", ["portcullis:policy/log@0.1.0" log]);
world!(audit_sink, "audit-sink", ["portcullis:policy/log@0.1.0" log, "portcullis:policy/clock@0.1.0" clock, "portcullis:policy/http@0.1.0" http]);
world!(notifier, "notifier", ["portcullis:policy/log@0.1.0" log, "portcullis:policy/clock@0.1.0" clock, "portcullis:policy/http@0.1.0" http]);
world!(session_policy, "session-policy", ["portcullis:policy/types@0.1.0" types, "portcullis:policy/log@0.1.0" log, "portcullis:policy/clock@0.1.0" clock]);
